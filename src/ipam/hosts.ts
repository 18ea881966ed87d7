import {declaredHosts} from '../core/declared-hosts.ts';
import {InputError} from '../core/errors.ts';
import {isEligible, placeHost} from '../core/placement.ts';
import type {Address} from '../core/prefix.ts';
import type {AllocatedAddress, Host} from '../core/state.ts';
import {renderRecord} from '../store/records.ts';
import type {Condition, Operation, Transaction} from '../store/store.ts';
import {freeing, releasePart} from './addresses.ts';
import {notFound} from './faults.ts';
import type {Ledger} from './ledger.ts';
import {joinTransactions, type Transactor} from './transact.ts';

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
  /** Removes a host with its addresses; its blocks wait to be reused. */
  remove(name: string): Promise<void>;
}

// Each address takes three operations, and etcd takes 128 in one transaction.
const addressesAtOnce = 40;

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
    add: newHost =>
      transact(() => {
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
      }),

    patch,

    async remove(name) {
      if (addressesOf(ledger, name).length > addressesAtOnce) {
        await patch(name, {drained: true});
        while (addressesOf(ledger, name).length > addressesAtOnce) {
          await transact(() => ({transaction: emptying(ledger, addressesOf(ledger, name).slice(0, addressesAtOnce)), result: undefined}));
        }
      }
      await transact(() => {
        const {value, modRevision} = known(name);
        const gone: Transaction = {
          conditions: [{key: keys.host(name), modRevision}],
          operations: [{delete: keys.host(name)}, {delete: keys.hostIp(value.ip)}],
        };
        const unused = [...ledger.tables.blocks.values()].filter(
          ({value: {host, cidr}}) => host === name && ledger.index.countIn(cidr) === 0,
        );
        const parts = [gone, emptying(ledger, addressesOf(ledger, name)), ...unused.map(block => freeing(ledger, block))];
        return {transaction: joinTransactions(parts), result: undefined};
      });
    },
  };
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

/** Takes back these addresses, and frees the blocks that hold no others. */
function emptying(ledger: Ledger, addresses: readonly AllocatedAddress[]): Transaction {
  const parts = addresses.map(address => releasePart(ledger, address, false));
  for (const cidr of new Set(addresses.map(({block}) => block))) {
    const block = ledger.tables.blocks.get(cidr);
    const going = addresses.filter(address => address.block === cidr).length;
    if (block !== undefined && ledger.index.countIn(cidr) === going) parts.push(freeing(ledger, block));
  }
  return joinTransactions(parts);
}

function addressesOf({tables}: Ledger, host: string): AllocatedAddress[] {
  return [...tables.addresses.values()].map(({value}) => value).filter(address => address.host === host);
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
    const leaf = groups[tree.network.name];
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
