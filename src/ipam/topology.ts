import {declaredHosts} from '../core/declared-hosts.ts';
import {InputError} from '../core/errors.ts';
import {leafAt, networkTrees, pathTo, placeIn} from '../core/group-tree.ts';
import {createPlacer, isEligible} from '../core/placement.ts';
import {compareAddresses, contains, type Prefix} from '../core/prefix.ts';
import type {Block, Host, NetworkTree} from '../core/state.ts';
import {parseTopology, type TopologyDocument} from '../core/topology-document.ts';
import {renderRecord} from '../store/records.ts';
import type {Transaction} from '../store/store.ts';
import type {Versioned} from '../store/tables.ts';
import {addition, refuseBadHostName} from './hosts.ts';
import type {Ledger} from './ledger.ts';
import {type Change, joinTransactions, type Transactor} from './transact.ts';

/** What a new topology document would do to what is there. */
export interface TopologyPreview {
  readonly fits: boolean;
  readonly problems: readonly string[];
  readonly changes: {readonly hosts_added: readonly string[]; readonly hosts_moved: readonly string[]};
}

export interface Topologies {
  /** Replaces the topology. Throws InputError: ERR_MALFORMED, ERR_INVALID, ERR_CONFLICT when a host or an address would not fit. */
  update(document: unknown): Promise<void>;
  /** The same without doing it. Throws InputError: ERR_MALFORMED, ERR_INVALID. */
  preview(document: unknown): Promise<TopologyPreview>;
}

// Etcd takes 128 conditions and 128 operations in one transaction. A host that moves must do so together with the topology, at one of each.
const movesAtOnce = 100;
// What comes after the topology takes up to three.
const itemsAtOnce = 40;

export function createTopologies({ledger, transact}: {readonly ledger: Ledger; readonly transact: Transactor}): Topologies {
  return {
    async update(body) {
      const document = parseTopology(body);
      refuseBadHostNames(document);
      await transact(() => {
        const plan = planUpdate(ledger, document);
        const [problem] = plan.problems;
        if (problem !== undefined) throw new InputError('ERR_CONFLICT', problem);
        return {transaction: updating(ledger, body, plan), result: undefined};
      });
      while (!(await transact(() => completionStep(ledger, document))));
    },

    preview: async body => {
      const document = parseTopology(body);
      refuseBadHostNames(document);
      return transact(() => {
        const {added, moved, problems} = planUpdate(ledger, document);
        const changes = {hosts_added: added.map(({name}) => name).sort(), hosts_moved: moved.map(({name}) => name).sort()};
        return {result: {fits: problems.length === 0, problems, changes}};
      });
    },
  };
}

interface UpdatePlan {
  readonly added: readonly Host[];
  readonly moved: readonly Host[];
  readonly problems: readonly string[];
}

/** Hosts keep their groups where the new trees still have them; every block must lie in its host's group. */
function planUpdate({tables}: Ledger, document: TopologyDocument): UpdatePlan {
  const trees = networkTrees(document);
  const declared = declaredHosts(document);
  const problems: string[] = [];
  const present = [...tables.hosts.values()].map(({value}) => value);

  const kept = present.map(host => ({...host, groups: keptGroups(trees, host, declared.get(host.name)?.groups ?? {})}));
  const placer = createPlacer({trees, hosts: kept, declared});
  const place = (host: Host): Host => {
    try {
      return {...host, groups: {...placer.place(host), ...host.groups}};
    } catch (error) {
      if (error instanceof InputError) problems.push(error.message);
      return host;
    }
  };
  const placed = kept.map(host => (trees.every(({network}) => Object.hasOwn(host.groups, network.name)) ? host : place(host)));

  const ips = new Map(present.map(({name, ip}) => [ip, name]));
  const added: Host[] = [];
  for (const {name, ip, tags} of declared.values()) {
    const known = tables.hosts.get(name)?.value;
    const owner = ips.get(ip);
    if (known !== undefined && known.ip !== ip) problems.push(`Host ${name} is there already, with IP ${known.ip} and not ${ip}.`);
    else if (owner !== undefined && owner !== name) problems.push(`IP ${ip} of host ${name} belongs to host ${owner} already.`);
    else if (known === undefined) added.push(place({name, ip, tags, agentPort: 9604, drained: false, groups: {}}));
  }

  problems.push(...misfits(tables, trees, placed));
  const moved = placed.filter((host, index) => renderRecord(host) !== renderRecord(present[index]));
  if (moved.length > movesAtOnce) {
    problems.push(`${moved.length} hosts would get other groups, more than the ${movesAtOnce} that one update can move.`);
  }
  return {added, moved, problems};
}

function keptGroups(trees: readonly NetworkTree[], host: Host, declared: Readonly<Record<string, Prefix>>): Record<string, Prefix> {
  const kept = trees.flatMap((tree): [string, Prefix][] => {
    const {name} = tree.network;
    const leaf = placeIn(host.groups, name);
    const wanted = placeIn(declared, name);
    const isKept = leaf !== undefined && leafAt(tree, leaf) !== undefined && (wanted ?? leaf) === leaf;
    return isKept && (wanted !== undefined || isEligible(tree, leaf, host.tags)) ? [[name, leaf]] : [];
  });
  return Object.fromEntries(kept);
}

/** The first (lowest) address that would not lie in its host's group any more, by network. */
function misfits(tables: Ledger['tables'], trees: readonly NetworkTree[], hosts: readonly Host[]): string[] {
  const groups = new Map(hosts.map(host => [host.name, host.groups]));
  const networks = new Map(trees.map(({network}) => [network.name, network]));
  const problems = new Map<string, string>();
  const byValue = [...tables.addresses.values()].map(({value}) => value).sort((a, b) => compareAddresses(a.ip, b.ip));
  for (const address of byValue) {
    const group = placeIn(groups.get(address.host) ?? {}, address.network);
    const network = networks.get(address.network);
    const isFit = network !== undefined && group !== undefined && contains(network.cidr, address.block) && contains(group, address.block);
    if (isFit || problems.has(address.network)) continue;
    const place = group === undefined ? `network ${address.network} has no group for it` : `its group is ${group} then`;
    problems.set(address.network, `Address ${address.ip} (${address.name}) of host ${address.host} would not fit: ${place}.`);
  }
  return [...problems.values()];
}

/**
 * Writes the topology and the hosts that move. Hosts and blocks must be those that the plan has seen: an address given out meanwhile in a
 * new block might not fit.
 */
function updating({keys, tables, revision}: Ledger, body: unknown, {moved}: UpdatePlan): Transaction {
  const base: Transaction = {
    conditions: [
      {key: keys.topology, modRevision: tables.topology?.modRevision ?? 0},
      {...keys.allHosts, unchangedSince: revision},
      {...keys.allBlocks, unchangedSince: revision},
    ],
    operations: [{put: keys.topology, value: renderRecord(body)}],
  };
  const moves = moved.map(host => ({
    conditions: [{key: keys.host(host.name), modRevision: tables.hosts.get(host.name)?.modRevision ?? 0}],
    operations: [{put: keys.host(host.name), value: renderRecord(host)}],
  }));
  return joinTransactions([base, ...moves]);
}

/**
 * The next step after a topology was written, and whether none is left: the hosts that it lists are added, and the free blocks that lie in
 * no leaf of it any more are dropped. Does nothing once someone has replaced the topology again.
 */
function completionStep(ledger: Ledger, document: TopologyDocument): Change<boolean> {
  const {keys, tables} = ledger;
  const {topology} = tables;
  if (topology === undefined || renderRecord(topology.value.document) !== renderRecord(document)) return {result: true};
  const {added, problems} = planUpdate(ledger, document);
  const [problem] = problems;
  if (problem !== undefined) throw new InputError('ERR_CONFLICT', problem);
  const stray = [...tables.blocks.values()].filter(({value}) => value.host === '' && !isInLeaf(topology.value.trees, value));
  const drops = stray.slice(0, itemsAtOnce).map(({value: {cidr}, modRevision}: Versioned<Block>) => ({
    conditions: [
      {key: keys.block(cidr), modRevision},
      {...keys.addressesIn(cidr), unchangedSince: 0},
    ],
    operations: [{delete: keys.block(cidr)}],
  }));
  const parts = added.length > 0 ? added.slice(0, itemsAtOnce).map(host => addition(ledger, host)) : drops;
  return parts.length === 0 ? {result: true} : {transaction: joinTransactions(parts), result: false};
}

function isInLeaf(trees: readonly NetworkTree[], {network, cidr}: Block): boolean {
  const tree = trees.find(({network: {name}}) => name === network);
  return tree !== undefined && pathTo(tree, cidr).at(-1)?.groups.length === 0;
}

function refuseBadHostNames(document: TopologyDocument): void {
  for (const name of declaredHosts(document).keys()) refuseBadHostName(name);
}
