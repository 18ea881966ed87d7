import {declaredHosts} from '../core/declared-hosts.ts';
import {InputError} from '../core/errors.ts';
import {placeIn} from '../core/group-tree.ts';
import {isHostName, isPrintable, maxHostName} from '../core/names.ts';
import {createPlacer, isEligible, type Placer} from '../core/placement.ts';
import type {Address} from '../core/prefix.ts';
import type {Host} from '../core/state.ts';
import {renderRecord} from '../store/records.ts';
import type {Condition, Operation, Transaction} from '../store/store.ts';
import type {Versioned} from '../store/table.ts';
import {notFound} from './faults.ts';
import {refuseUnfitPrefix} from './fixed-prefix.ts';
import {unclaimedIp, unclaimedName} from './hidden-hosts.ts';
import type {Ledger} from './ledger.ts';
import {freeing, joinReleases, releasing} from './release.ts';
import {type Change, joinTransactions, type Transactor} from './transact.ts';
import {vipAt} from './vips.ts';

export type NewHost = Pick<Host, 'name' | 'ip' | 'tags' | 'agentPort' | 'fixed'> & Partial<Pick<Host, 'drained'>>;

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

export interface HostsOptions {
  readonly ledger: Ledger;
  readonly transact: Transactor;
  readonly clock: {now(): number};
}

export function createHosts({ledger, transact, clock}: HostsOptions): Hosts {
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
      const {groups: _, ...identity} = after;
      refuseTakenIp(ledger, after);
      refuseBadTags(after.tags);
      if (tags !== undefined) refuseUnfitTags(ledger, before, after);
      // Other labels may open networks to it that did not take it before.
      const groups = tags === undefined ? before.groups : placerFor(ledger).place(after, before.groups);
      const isMoved = after.ip !== before.ip;
      const conditions: Condition[] = [{key: keys.host(name), modRevision}, ...(tags === undefined ? [] : [topologyCondition(ledger)])];
      const operations: Operation[] = [
        {put: keys.host(name), value: renderRecord(identity)},
        ...(Object.keys(groups).length > Object.keys(before.groups).length ? [placementOf(ledger, name, groups)] : []),
        ...(isMoved ? [{put: keys.hostIp(after.ip), value: name}, {delete: keys.hostIp(before.ip)}] : []),
      ];
      const moves = isMoved ? [unclaimedIp(ledger, after), noAddress(ledger, after)] : [];
      return {transaction: joinTransactions([{conditions, operations}, ...moves]), result: undefined};
    });

  return {
    async add(newHost) {
      refuseBadHostName(newHost.name);
      refuseBadTags(newHost.tags);
      await transact(() => {
        const {tables} = ledger;
        if (tables.hosts.has(newHost.name)) throw exists(`name:${newHost.name}`);
        refuseTakenIp(ledger, newHost);
        const fixed = newHost.fixed === undefined ? {} : refuseUnfitPrefix(ledger, newHost.name, newHost.fixed);
        const host = {...newHost, drained: newHost.drained ?? false, groups: placerFor(ledger).place(newHost, fixed)};
        return {transaction: addition(ledger, host), result: undefined};
      });
    },

    patch,

    async remove(name) {
      let isDrained = false;
      const step = () => {
        const host = known(name);
        if (isDrained && !host.value.drained) throw reappeared(name);
        return removalStep(ledger, host, clock.now());
      };
      while (!(await transact(step))) isDrained = true;
    },
  };
}

function placerFor({tables}: Ledger): Placer {
  return createPlacer({
    trees: tables.topology?.value.trees ?? [],
    hosts: [...tables.hosts.values()].map(({value}) => value),
    ...(tables.topology && {declared: declaredHosts(tables.topology.value.document)}),
  });
}

function placementOf({keys, tables}: Ledger, host: string, groups: Host['groups']): Operation {
  const generation = tables.topology?.value.generation ?? 0;
  return {put: keys.placement(generation, host), value: renderRecord({host, generation, groups})};
}

function reappeared(name: string): InputError {
  return new InputError(
    'ERR_CONFLICT',
    `Host ${name} was removed and added again, or undrained, while this request was on its way; repeat it if that one is meant.`,
  );
}

/** The next step of removing a host, and whether it is the last. */
function removalStep(ledger: Ledger, {value: {groups, ...host}, modRevision}: Versioned<Host>, now: number): Change<boolean> {
  const {keys, tables, index, revision} = ledger;
  const key = keys.host(host.name);
  // The second one is what has a daemon wait that knows its own mark on the host, and not yet what others gave that host before.
  const unchanged: Transaction = {
    conditions: [
      {key, modRevision},
      {from: key, to: key, unchangedSince: revision},
    ],
    operations: [],
  };
  const step = (parts: readonly Transaction[], result: boolean) => ({transaction: joinTransactions([unchanged, ...parts]), result});
  // Whoever allocates compares the host's record. Once the ledger shows the drained one, it shows all that the host will ever get.
  if (!host.drained) {
    return step([{conditions: [], operations: [{put: key, value: renderRecord({...host, drained: true})}]}], false);
  }
  const blocks = index.blocksOfHost(host.name);
  const addresses = blocks.flatMap(({cidr}) => index.addressesIn(cidr));
  if (addresses.length > itemsAtOnce) return step([releasing(ledger, addresses.slice(0, itemsAtOnce), now).transaction], false);
  const unused = blocks.flatMap(({cidr}) => (index.countIn(cidr) === 0 ? (tables.blocks.get(cidr) ?? []) : []));
  if (unused.length > 0)
    return step([joinReleases(unused.slice(0, itemsAtOnce).map(block => freeing(ledger, block, now))).transaction], false);
  const generation = tables.topology?.value.generation ?? 0;
  const own = [
    key,
    keys.hostIp(host.ip),
    keys.placement(generation, host.name),
    keys.hostAddresses(host.name),
    keys.report(host.name),
    keys.beat(host.name),
  ];
  const gone: Transaction = {
    conditions: [topologyCondition(ledger)],
    operations: [...own.map(mine => ({delete: mine})), {put: keys.removals, value: host.name}],
  };
  return step([releasing(ledger, addresses, now).transaction, gone], true);
}

/** Throws InputError ERR_INVALID where a name could not be a part of a key and of a path. */
export function refuseBadHostName(name: string): void {
  if (isHostName(name)) return;
  throw new InputError(
    'ERR_INVALID',
    `Bad host name: ${JSON.stringify(name)} (expected up to ${maxHostName} characters, none of them a control, and no IP).`,
  );
}

/** The transaction that writes a new host. */
function addition(ledger: Ledger, host: Host): Transaction {
  const {keys, tables, revision} = ledger;
  const {groups, ...identity} = host;
  const generation = tables.topology?.value.generation ?? 0;
  const {topology} = tables;
  // No block can come that is larger than a fixed prefix.
  const exclusive = host.fixed === undefined ? [] : [keys.allHosts, keys.blocksIn(host.fixed)];
  const own: Transaction = {
    conditions: [topologyCondition(ledger), ...exclusive.map(range => ({...range, unchangedSince: revision}))],
    operations: [
      {put: keys.host(host.name), value: renderRecord(identity)},
      {put: keys.hostIp(host.ip), value: host.name},
      placementOf(ledger, host.name, groups),
      // Whoever is about to give another host a block of the prefix compares the topology, and has to look again.
      ...(host.fixed === undefined || topology === undefined
        ? []
        : [{put: keys.topology, value: renderRecord({generation, document: topology.value.source})}]),
    ],
  };
  return joinTransactions([unclaimedName(ledger, host), unclaimedIp(ledger, host), noAddress(ledger, host), own]);
}

function topologyCondition({keys, tables}: Ledger): Condition {
  return {key: keys.topology, modRevision: tables.topology?.modRevision ?? 0};
}

function refuseTakenIp(ledger: Ledger, {name, ip}: Pick<Host, 'name' | 'ip'>): void {
  const {tables, index} = ledger;
  const owner = [...tables.hosts.values()].find(({value}) => value.ip === ip && value.name !== name);
  if (owner !== undefined) throw exists(`IP:${ip}`);
  const address = index.address(ip);
  if (address !== undefined)
    throw new InputError(
      'ERR_CONFLICT',
      `IP ${ip} of host ${name} is in use: it is the address of ${address.name} on host ${address.host}.`,
    );
  const vip = vipAt(ledger, ip);
  if (vip !== undefined) throw new InputError('ERR_CONFLICT', `IP ${ip} of host ${name} is in use: it is that of VIP ${vip.name}.`);
}

/** That nobody has been given a host's IP as an address. */
function noAddress({keys}: Ledger, {ip}: Pick<Host, 'ip'>): Transaction {
  return {conditions: [{key: keys.address(ip), modRevision: 0}], operations: []};
}

/** Tags are shown on terminals. */
function refuseBadTags(tags: Host['tags']): void {
  const bad = Object.entries(tags).find(pair => !pair.every(isPrintable));
  if (bad !== undefined) throw new InputError('ERR_INVALID', `Bad tag: ${JSON.stringify(bad.join('='))} (expected no control characters).`);
}

/** Where a host stands whose labels did not matter there, other labels do not matter either. */
function refuseUnfitTags({tables}: Ledger, before: Host, {name, tags, groups, fixed}: Host): void {
  for (const tree of tables.topology?.value.trees ?? []) {
    const leaf = placeIn(groups, tree.network.name);
    if (leaf === undefined || leaf === fixed || isEligible(tree, leaf, tags) || !isEligible(tree, leaf, before.tags)) continue;
    if (isDeclared(tables.topology?.value.document, name)) continue;
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
