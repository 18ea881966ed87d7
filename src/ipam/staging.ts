import {InputError} from '../core/errors.ts';
import type {Host} from '../core/state.ts';
import type {TopologyUpdate} from '../core/topology-update.ts';
import {renderRecord} from '../store/records.ts';
import {type Condition, type Operation, StoreError} from '../store/store.ts';
import {maxTransactionItems} from './batch.ts';
import {removeHidden, unclaimedHost} from './hidden-hosts.ts';
import type {Ledger} from './ledger.ts';

/**
 * The placements of a topology that is to come. They are written before it, in as many transactions as they need, where nobody looks at them: below a
 * generation of their own, which no topology has yet. The key that holds the staging proves at the end that nobody has cleared it away meanwhile.
 */
export interface Staging {
  /** Notes what must have been written. True when it has been. */
  prepare(update: TopologyUpdate): boolean;
  write(): Promise<void>;
  held(): {readonly generation: number; readonly claim: Condition; readonly key: string};
  /** Lets go of what was not put in force. */
  end(): Promise<void>;
}

export function createStaging(ledger: Ledger, id: string): Staging {
  const {keys, store} = ledger;
  const key = keys.staging(id);
  const written = new Map<string, string>();
  let wanted: readonly Host[] = [];
  let added: ReadonlySet<string> = new Set();
  let generation = 0;
  let claimed = 0;

  const missing = () => wanted.filter(host => written.get(host.name) !== contentOf(host) || isOverwritten(host));

  return {
    prepare(update) {
      wanted = update.hosts;
      added = update.added;
      // Another update was faster: what is older than the topology in force is cleared away.
      if (generation < (ledger.tables.topology?.value.generation ?? 0)) restart();
      return generation > 0 && missing().length === 0;
    },
    async write() {
      if (generation === 0) {
        for (const host of wanted.filter(isNew)) await removeHidden(ledger, host);
        if (!(await claim())) return ledger.sync();
      }
      let revision = claimed;
      // A host of the new topology takes three keys, one that is there already takes one.
      const atOnce = Math.floor((maxTransactionItems - 1) / 3);
      for (let rest = missing(); rest.length > 0; rest = rest.slice(atOnce)) {
        const hosts = rest.slice(0, atOnce);
        const conditions: Condition[] = [{key, modRevision: claimed}, ...hosts.filter(isNew).flatMap(unclaimed)];
        const outcome = await store.commit({conditions, operations: hosts.flatMap(operationsFor)});
        if (!outcome.succeeded) await explainConflict(hosts.filter(isNew));
        revision = outcome.revision;
        for (const host of hosts) written.set(host.name, contentOf(host));
      }
      await ledger.reached(revision);
    },
    held: () => ({generation, claim: {key, modRevision: claimed}, key}),
    async end() {
      if (claimed > 0) await store.commit({conditions: [{key, modRevision: claimed}], operations: [{delete: key}]}).catch(() => undefined);
    },
  };

  /** False where the topology has changed meanwhile. */
  async function claim(): Promise<boolean> {
    const {topology} = ledger.tables;
    const conditions = [{key: keys.topology, modRevision: topology?.modRevision ?? 0}];
    const {succeeded, revision} = await store.commit({conditions, operations: [{put: key, value: id}]});
    if (!succeeded) return false;
    claimed = revision;
    // Above the present one, and different from that of any other claim: those made of a later topology have a higher revision, too. The revision alone
    // would do, were it not that keys may be copied into an etcd that counts from 1.
    generation = (topology?.value.generation ?? 0) + revision;
    return true;
  }

  /** Another update that came to nothing, or has yet to come, may bring a host of the same name. */
  function isOverwritten({name, ip, tags}: Host): boolean {
    const hidden = ledger.tables.leftovers.hidden(name)?.value;
    return added.has(name) && (hidden === undefined || renderRecord([hidden.ip, hidden.tags]) !== renderRecord([ip, tags]));
  }

  function isNew({name}: Host): boolean {
    return added.has(name);
  }

  function restart(): void {
    generation = 0;
    written.clear();
  }

  function unclaimed(host: Host): Condition[] {
    return unclaimedHost(ledger, host);
  }

  function operationsFor(host: Host): Operation[] {
    const {groups, ...identity} = host;
    const placement = {put: keys.placement(generation, host.name), value: renderRecord({host: host.name, generation, groups})};
    if (!isNew(host)) return [placement];
    return [placement, {put: keys.host(host.name), value: renderRecord(identity)}, {put: keys.hostIp(host.ip), value: host.name}];
  }

  async function explainConflict(hosts: readonly Host[]): Promise<never> {
    await ledger.sync();
    const {tables} = ledger;
    const taken = hosts.find(({name, ip}) => tables.hosts.has(name) || [...tables.hosts.values()].some(({value}) => value.ip === ip));
    if (taken !== undefined)
      throw new InputError('ERR_CONFLICT', `Host ${taken.name} (${taken.ip}) was added while the topology was updated.`);
    throw new StoreError('another topology update is under way, or has just come to nothing; try again');
  }
}

function contentOf({name, ip, tags, groups}: Host): string {
  return renderRecord([name, ip, tags, groups]);
}
