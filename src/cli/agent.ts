import {Command} from 'commander';
import type {OwnedObject} from '../agent/objects.ts';
import type {AgentStatus} from '../agent/status.ts';
import {InputError} from '../core/errors.ts';
import {renderObjects} from './agent-objects.ts';
import {renderAgentStatus} from './agent-status.ts';

/** A status with everything of ours on the host, wanted against actual. */
export interface WholeStatus extends AgentStatus {
  readonly objects: readonly OwnedObject[];
}

/** What the agent's commands act through. */
export interface AgentCommandParts {
  /** Asks the agent of this host (or of the named socket or configuration file). */
  fetchStatus(options: {readonly socket?: string; readonly config?: string}): Promise<WholeStatus>;
  /** Removes everything that the agent owns on this host, and says what it was. */
  clean(options: {readonly config?: string}): Promise<readonly string[]>;
  readonly now: () => number;
  write(text: string): void;
}

export function agentStatusCommand({fetchStatus, now, write}: AgentCommandParts): Command {
  return new Command('status')
    .description('what the agent of this host wants, has, and cannot do')
    .option('--socket <file>', 'the socket of the agent')
    .option('--config <file>', 'configuration file that names the socket')
    .option('--all', 'list every route, rule, address and file, not only those that are not as wanted')
    .option('-f, --format <format>', 'table or json (default: table)')
    .action(async (own: object, command: Command) => {
      const {
        socket,
        config,
        format = 'table',
        all = false,
      } = {...command.optsWithGlobals(), ...own} as {socket?: string; config?: string; format?: string; all?: boolean};
      if (format !== 'table' && format !== 'json') {
        throw new InputError('ERR_USAGE', `unknown format ${JSON.stringify(format)}, expected table or json`);
      }
      const status = await fetchStatus({...(socket !== undefined && {socket}), ...(config !== undefined && {config})});
      const told = new Set(status.pass?.drivers.flatMap(({error}) => error ?? []));
      write(
        format === 'json'
          ? `${JSON.stringify(status, undefined, 2)}\n`
          : `${renderAgentStatus(status, now())}${renderObjects(status.objects, all, told)}`,
      );
    });
}

export function agentCleanCommand({clean, write}: AgentCommandParts): Command {
  return new Command('clean')
    .description('removes the routes, rules, chains, addresses and files that the agent owns on this host')
    .option('--config <file>', 'configuration file of the agent')
    .action(async (_own: object, command: Command) => {
      const {config} = command.optsWithGlobals<{config?: string}>();
      const removed = await clean({...(config !== undefined && {config})});
      write(removed.length === 0 ? 'nothing of the agent is on this host\n' : `removed: ${removed.join(', ')}\n`);
    });
}
