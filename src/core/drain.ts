/** `draining`: announced as the last choice; `drained`: not announced at all. */
export type DrainPhase = 'none' | 'draining' | 'drained';

/** How far a host has been taken out of use. Times are in milliseconds since 1970. */
export type DrainState =
  | {readonly phase: 'none'}
  | {readonly phase: 'draining'; readonly since: number; readonly deadline: number}
  | {readonly phase: 'drained'; readonly since: number};

export interface DrainFacts {
  /** What the store says of the host. */
  readonly isWanted: boolean;
  /** Something of the host may be announced now. */
  readonly isAnnouncing: boolean;
  /** The neighbours have another path to every prefix that this host announces to them. */
  readonly hasOtherPaths: boolean;
  readonly now: number;
  readonly timeoutSeconds: number;
}

/**
 * The state after this one. Draining begins where something is announced, and ends when nothing is any more, when it is not needed, or in time; what was
 * withdrawn stays withdrawn until the host is to be used again, and then it is announced at once.
 */
export function nextDrain(state: DrainState, {isWanted, isAnnouncing, hasOtherPaths, now, timeoutSeconds}: DrainFacts): DrainState {
  if (!isWanted) return {phase: 'none'};
  if (state.phase === 'drained') return state;
  const begun = state.phase === 'draining' ? state : {phase: 'draining' as const, since: now, deadline: now + timeoutSeconds * 1000};
  const isOver = !isAnnouncing || hasOtherPaths || now >= begun.deadline;
  return isOver ? {phase: 'drained', since: now} : begun;
}
