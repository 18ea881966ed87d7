import {Command, InvalidArgumentError} from 'commander';
import {InputError, messageOf} from '../core/errors.ts';
import {parseTopology, type TopologyDocument} from '../core/topology-document.ts';
import {planTopology} from '../core/topology-plan.ts';
import {type CliParts, renderJson} from './parts.ts';
import {parseDocument} from './topology-input.ts';
import {planDocument, refusedDocument} from './topology-plan-json.ts';
import {readLiveSystem} from './topology-plan-live.ts';
import {renderPlan} from './topology-plan-table.ts';

interface PlanFlags {
  readonly hostsPerGroup?: number;
  readonly endpointsPerHost?: number;
  readonly ownersPerHost?: number;
  readonly live?: boolean;
}

/** `romana topology plan`: what a topology holds and what it costs in routes, before anybody uses it. */
export function planCommand(parts: CliParts): Command {
  return new Command('plan')
    .description('what the document in a file, or on standard input, would hold and cost in routes; only --live asks the daemon')
    .argument('[file]', 'the document (- for standard input); with --live the topology that runs, when none is given')
    .option('--hosts-per-group <n>', 'fill each group up to so many hosts (default: 1; with --live: those that are there)', parseCount)
    .option('--endpoints-per-host <n>', 'endpoints on each host (default: 1 for each owner; with --live: those that are there)', parseCount)
    .option('--owners-per-host <n>', 'tenants and segments on each host (default: one for each tenant that the networks name)', parseOwners)
    .option('--live', 'begin with the hosts, blocks and addresses of the system that runs')
    .action(async (file: string | undefined, {live: isLive = false, ...asked}: PlanFlags, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const isRunning = file === undefined && isLive;
      const source = isRunning ? 'the daemon' : (file ?? 'standard input');
      const read = isRunning ? client.request('GET', '/topology') : parts.readInput(file).then(text => parseDocument(text, source));
      const document = await read
        .then(given => parsePlanned(given, source))
        .catch(error => {
          if (format === 'json' && isRefusal(error)) parts.write(renderJson(refusedDocument(messageOf(error.cause ?? error).split('\n'))));
          throw error;
        });
      const live = isLive ? await readLiveSystem(client, isRunning ? undefined : document) : undefined;
      const plan = planTopology({document, live, ...asked});
      parts.write(format === 'json' ? renderJson(planDocument(plan)) : renderPlan(plan, parts.isUnicode));
      const [problem, ...others] = plan.problems;
      if (problem === undefined) return;
      const more = others.length === 0 ? '' : ` (and ${others.length} more problem${others.length === 1 ? '' : 's'})`;
      throw new InputError('ERR_INVALID', `the topology of ${source} does not fit: ${problem}${more}`);
    });
}

function parsePlanned(given: unknown, source: string): TopologyDocument {
  try {
    return parseTopology(given);
  } catch (error) {
    throw new InputError('ERR_INVALID', `the topology of ${source} is not valid: ${messageOf(error)}`, {cause: error});
  }
}

/** A document that was read, and cannot be used. */
function isRefusal(error: unknown): error is InputError {
  return error instanceof InputError && (error.code === 'ERR_INVALID' || error.code === 'ERR_MALFORMED');
}

const most = 1_000_000_000;

function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d{1,10}$/.test(text) || count > most) throw new InvalidArgumentError(`expected 0 to ${most}`);
  return count;
}

function parseOwners(text: string): number {
  const count = parseCount(text);
  if (count === 0) throw new InvalidArgumentError(`expected 1 to ${most}`);
  return count;
}
