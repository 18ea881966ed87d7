import type {AgentStatus} from './status.ts';

export type ServiceFacts = Pick<AgentStatus, 'state' | 'stateWrittenAt' | 'stateAgeSeconds' | 'waitsFor' | 'pass'>;

/** How the agent does, in a line for the service manager. It holds nothing that grows, so that it changes only when something has changed. */
export function serviceText({pass, waitsFor, state, stateWrittenAt = 0, stateAgeSeconds}: ServiceFacts): string {
  if (waitsFor !== undefined) return `waiting: ${waitsFor}`;
  if (state === 'none') return 'waiting for the store, nothing is touched before it has told its whole state';
  const store =
    state === 'cached'
      ? `the store is away, working with the state cached at ${new Date(stateWrittenAt).toISOString()}`
      : stateAgeSeconds > 0
        ? 'the store is out of touch, the last known state is kept'
        : '';
  return [store, driverText(pass)].filter(text => text !== '').join('; ') || 'all is as it should be';
}

function driverText(pass: AgentStatus['pass']): string {
  const failing = pass?.drivers.find(({error}) => error !== undefined);
  if (failing !== undefined) return `${failing.name} fails: ${failing.error?.split('\n')[0] ?? ''}`;
  const waiting = pass?.drivers.find(({pending, heldBackBy}) => (pending ?? heldBackBy) !== undefined);
  return waiting === undefined ? '' : `${waiting.name} waits for ${waiting.pending ?? waiting.heldBackBy ?? ''}`;
}
