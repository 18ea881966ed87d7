import {declaredHosts} from '../core/declared-hosts.ts';
import {InputError} from '../core/errors.ts';
import {contains} from '../core/prefix.ts';
import type {Host} from '../core/state.ts';
import {type TopologyChanges, topologyChanges} from '../core/topology-changes.ts';
import type {TopologyUpdate} from '../core/topology-update.ts';
import {renderRecord} from '../store/records.ts';
import {type Condition, type Operation, StoreError} from '../store/store.ts';
import type {Ledger} from './ledger.ts';
import type {Leftovers} from './leftovers.ts';
import {createStaging, type Staging, type StagingOptions} from './staging.ts';
import {parseTopologyBody} from './topology-body.ts';
import type {Transactor} from './transact.ts';
import {createUpdatePlan} from './update-plan.ts';

/** What a new topology document would do to what is there. */
export interface TopologyPreview {
  readonly fits: boolean;
  readonly problems: readonly string[];
  readonly changes: TopologyChanges & HostChanges;
}

/** Names, sorted. No document removes a host. */
interface HostChanges {
  readonly hosts_added: readonly string[];
  readonly hosts_moved: readonly string[];
  readonly hosts_unlisted: readonly string[];
}

export interface Topologies {
  /**
   * Replaces the topology, all of it or nothing, whatever is killed on the way. Throws InputError: ERR_MALFORMED, ERR_INVALID, ERR_CONFLICT when a
   * host or an address would not fit.
   */
  update(document: unknown): Promise<void>;
  /** The same without doing it. Throws InputError: ERR_MALFORMED, ERR_INVALID. */
  preview(document: unknown): Promise<TopologyPreview>;
}

export interface TopologiesOptions {
  readonly ledger: Ledger;
  readonly transact: Transactor;
  readonly leftovers: Leftovers;
  readonly clock: StagingOptions['clock'];
  /** Differs between all daemons that there are and were. */
  readonly id: string;
}

const maxRounds = 50;

export function createTopologies({ledger, transact, leftovers, clock, id}: TopologiesOptions): Topologies {
  let queue: Promise<unknown> = Promise.resolve();
  /** A daemon has one staging, so that its updates take turns. */
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const turn = queue.then(work);
    queue = turn.catch(() => undefined);
    return turn;
  };

  return {
    update: body =>
      inTurn(async () => {
        const document = parseTopologyBody(body);
        const staging = createStaging({ledger, clock, id});
        const plan = createUpdatePlan(ledger, document);
        try {
          for (let round = 1; !(await transact(() => replacement(plan(), body, staging))); round++) {
            if (round > maxRounds) throw new StoreError(`hosts or other topologies have changed ${maxRounds} times meanwhile; try again`);
            await staging.write();
          }
        } finally {
          await staging.end();
        }
        // The new topology is in force: what could not be cleared away now, the collector will.
        await leftovers.tidy().catch(() => undefined);
      }),

    preview: async body => {
      const document = parseTopologyBody(body);
      return transact(() => {
        const {added, moved, problems} = createUpdatePlan(ledger, document)();
        const {topology, hosts} = ledger.tables;
        const before = topology?.value.document ?? {networks: [], topologies: []};
        const listed = declaredHosts(document);
        const unlisted = [...declaredHosts(before).keys()].filter(name => hosts.has(name) && !listed.has(name));
        const changes = {
          ...topologyChanges(before, document),
          hosts_added: [...added].sort(),
          hosts_moved: [...moved].sort(),
          hosts_unlisted: unlisted.sort(),
        };
        return {result: {fits: problems.length === 0, problems, changes}};
      });
    },
  };

  /**
   * The one transaction that puts the new topology in force, with all placements that were written for it before; false where some have yet to be
   * written. Hosts must be those that the plan has seen, and so must blocks: an address given out meanwhile in a new one might not fit.
   */
  function replacement(update: TopologyUpdate, body: unknown, staging: Staging) {
    const {keys, tables, revision} = ledger;
    const [problem] = update.problems;
    if (problem !== undefined) throw new InputError('ERR_CONFLICT', problem);
    const conditions: Condition[] = [
      {key: keys.topology, modRevision: tables.topology?.modRevision ?? 0},
      {...keys.allHosts, unchangedSince: revision},
      {from: keys.removals, to: keys.removals, unchangedSince: revision},
      ...(isRoomLost(ledger, update) ? [{...keys.allBlocks, unchangedSince: revision}] : []),
    ];
    const current = tables.topology?.value.generation ?? 0;
    const put = (generation: number): Operation => ({put: keys.topology, value: renderRecord({generation, document: body})});
    if (current > 0 && update.added.size === 0 && update.replaced.size === 0) {
      return {transaction: {conditions, operations: [put(current)]}, result: true};
    }
    if (!staging.prepare(update)) return {result: false};
    const {generation, claim} = staging.held();
    const transaction = {
      conditions: [...conditions, claim],
      operations: [put(generation), {delete: keys.staging}],
    };
    return {transaction, result: true};
  }
}

/** True where a host loses space that it may have new blocks in. Where all keep theirs, addresses are given out meanwhile as ever. */
function isRoomLost({tables}: Ledger, {hosts, moved}: TopologyUpdate): boolean {
  const isKept = ({name, groups}: Host) => {
    const now = Object.values(groups);
    return Object.values(tables.hosts.get(name)?.value.groups ?? {}).every(before => now.some(group => contains(group, before)));
  };
  return hosts.some(host => moved.has(host.name) && !isKept(host));
}
