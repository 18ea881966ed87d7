import {declaredHosts} from '../core/declared-hosts.ts';
import {InputError} from '../core/errors.ts';
import {placeIn} from '../core/group-tree.ts';
import {isEligible, placeHost} from '../core/placement.ts';
import type {Address} from '../core/prefix.ts';
import type {Block, Host} from '../core/state.ts';
import {renderRecord} from '../store/records.ts';
import type {Condition, Operation, Transaction} from '../store/store.ts';
import type {Versioned} from '../store/tables.ts';
import {freeing, releasing} from './addresses.ts';
import {notFound} from './faults.ts';
import type {Ledger} from './ledger.ts';
import {type Change, joinTransactions, type Transactor} from './transact.ts';

export type NewHost = Pick<Host, 'name' | 'ip' | 'tags' | 'agentPort'>;

/** Tags are merged, a tag that is null is removed. */
export interface HostPatch {
  readonly tags?: Readonly<Record<string, string | null>> | undefined;
  readonly ip?: Address | undefined;
  readonly drained?: boolean | undefined;
}

export interface Hosts {
  /** Places a host in the groups that take it. Throws InputError: ERR_EXISTS, ERR_CONFLICT (no group). */
  add(host: NewHost): Promise<void>;
  patch(name: string, patch: HostPatch): Promise<void>;
  /** Removes a host with its addresses; its blocks wait to be reused. Until the last of them is gone the host is drained. */
  remove(name: string): Promise<void>;
}

// Each takes up to three conditions and three operations, and etcd takes 128 of each in one transaction.
const itemsAtOnce = 40;
const maxNameLength = 253;

export function createHosts({ledger, transact}: {readonly ledger: Ledger; readonly transact: Transactor}): Hosts {
  const {keys} = ledger;

  const known = (name: string) => {
    const host = ledger.tables.hosts.get(name);
    if (host === undefined) throw notFound('host', name);
    return host;
  };

  const patch = (name: string, {tags, ip, drained}: HostPatch) =>
    transact(() => {
      const {value: before, modRevision} = known(name);
      const after: Host = {...before, tags: mergeTags(before.tags, tags ?? {}), ip: ip ?? before.ip, drained: drained ?? before.drained};
      refuseTakenIp(ledger, after);
      if (tags !== undefined) refuseUnfitTags(ledger, after);
      const isMoved = after.ip !== before.ip;
      const conditions: Condition[] = [
        {key: keys.host(name), modRevision},
        ...(isMoved ? [{key: keys.hostIp(after.ip), modRevision: 0}] : []),
        ...(tags === undefined ? [] : [topologyCondition(ledger)]),
      ];
      const operations: Operation[] = [
        {put: keys.host(name), value: renderRecord(after)},
        ...(isMoved ? [{put: keys.hostIp(after.ip), value: name}, {delete: keys.hostIp(before.ip)}] : []),
      ];
      return {transaction: {conditions, operations}, result: undefined};
    });

  return {
    async add(newHost) {
      refuseBadHostName(newHost.name);
      await transact(() => {
        const {tables} = ledger;
        if (tables.hosts.has(newHost.name)) throw exists(`name:${newHost.name}`);
        refuseTakenIp(ledger, newHost);
        const placed = placeHost({
          trees: tables.topology?.value.trees ?? [],
          hosts: [...tables.hosts.values()].map(({value}) => value),
          ...(tables.topology && {declared: declaredHosts(tables.topology.value.document)}),
          host: newHost,
        });
        return {transaction: addition(ledger, {...newHost, drained: false, groups: placed}), result: undefined};
      });
    },

    patch,

    async remove(name) {
      while (!(await transact(() => removalStep(ledger, known(name)))));
    },
  };
}

/** The next step of removing a host, and whether it is the last. */
function removalStep(ledger: Ledger, {value: host, modRevision}: Versioned<Host>): Change<boolean> {
  const {keys, tables, index} = ledger;
  const unchanged: Transaction = {conditions: [{key: keys.host(host.name), modRevision}], operations: []};
  const step = (parts: readonly Transaction[], result: boolean) => ({transaction: joinTransactions([unchanged, ...parts]), result});
  // Whoever allocates compares the host's record. Once the ledger shows the drained one, it shows all that the host will ever get.
  if (!host.drained) {
    return step([{conditions: [], operations: [{put: keys.host(host.name), value: renderRecord({...host, drained: true})}]}], false);
  }
  const addresses = [...tables.addresses.values()].map(({value}) => value).filter(address => address.host === host.name);
  if (addresses.length > itemsAtOnce) return step([releasing(ledger, addresses.slice(0, itemsAtOnce))], false);
  const isUnused = ({value: {host: owner, cidr}}: Versioned<Block>) => owner === host.name && index.countIn(cidr) === 0;
  const unused = [...tables.blocks.values()].filter(isUnused);
  if (unused.length > 0)
    return step(
      unused.slice(0, itemsAtOnce).map(block => freeing(ledger, block)),
      false,
    );
  const own = [keys.host(host.name), keys.hostIp(host.ip), keys.report(host.name), keys.beat(host.name)];
  const gone: Transaction = {conditions: [], operations: own.map(key => ({delete: key}))};
  return step([releasing(ledger, addresses), gone], true);
}

/** Throws InputError ERR_INVALID where a name could not be a part of a key and of a path. */
export function refuseBadHostName(name: string): void {
  if (name.length <= maxNameLength && name.isWellFormed() && !/[\x00-\x1f\x7f]/.test(name)) return;
  throw new InputError(
    'ERR_INVALID',
    `Bad host name: ${JSON.stringify(name)} (expected up to ${maxNameLength} characters, none of them a control).`,
  );
}

/** The transaction that writes a new host. */
export function addition(ledger: Ledger, host: Host) {
  const {keys} = ledger;
  const conditions: Condition[] = [
    topologyCondition(ledger),
    {key: keys.host(host.name), modRevision: 0},
    {key: keys.hostIp(host.ip), modRevision: 0},
  ];
  const operations: Operation[] = [
    {put: keys.host(host.name), value: renderRecord(host)},
    {put: keys.hostIp(host.ip), value: host.name},
  ];
  return {conditions, operations};
}

function topologyCondition({keys, tables}: Ledger): Condition {
  return {key: keys.topology, modRevision: tables.topology?.modRevision ?? 0};
}

function refuseTakenIp({tables}: Ledger, {name, ip}: Pick<Host, 'name' | 'ip'>): void {
  const owner = [...tables.hosts.values()].find(({value}) => value.ip === ip && value.name !== name);
  if (owner !== undefined) throw exists(`IP:${ip}`);
}

function refuseUnfitTags({tables}: Ledger, {name, tags, groups}: Host): void {
  for (const tree of tables.topology?.value.trees ?? []) {
    const leaf = placeIn(groups, tree.network.name);
    if (leaf === undefined || isEligible(tree, leaf, tags) || isDeclared(tables.topology?.value.document, name)) continue;
    throw new InputError(
      'ERR_CONFLICT',
      `Host ${name} is in group ${leaf} of network ${tree.network.name}, which does not take hosts with the new tags.`,
    );
  }
}

function isDeclared(document: Parameters<typeof declaredHosts>[0] | undefined, name: string): boolean {
  return document !== undefined && declaredHosts(document).has(name);
}

function mergeTags(tags: Readonly<Record<string, string>>, changes: Readonly<Record<string, string | null>>): Record<string, string> {
  const merged = Object.entries({...tags, ...changes}).filter((entry): entry is [string, string] => entry[1] !== null);
  return Object.fromEntries(merged);
}

function exists(identity: string): InputError {
  return new InputError('ERR_EXISTS', `A[n] 'host' object identified by map[${identity}] already exists.`);
}
