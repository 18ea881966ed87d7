import {brokenPromises, countByBlock, type Records} from '../../helpers/ipam-promises.ts';
import type {BlackoutModel} from './blackout-client.ts';
import {type Model, type NameState, show} from './model.ts';
import type {Askable, StormSystem} from './system.ts';
import type {TenantModel} from './tenant-client.ts';
import type {TopologyModel} from './topology-client.ts';
import type {VipModel} from './vip-client.ts';

export interface Expectations {
  readonly model: Model;
  readonly topologies: TopologyModel;
  readonly blackouts: BlackoutModel;
  readonly tenants: TenantModel;
  readonly vips: VipModel;
}

/**
 * What is wrong while nothing is under way: in etcd, and between etcd and what clients were told. What clients could not know is taken from etcd
 * from then on.
 */
export async function checkRecords(system: StormSystem, expected: Expectations): Promise<string[]> {
  const records = await system.records();
  const at = system.tick();
  return [
    ...brokenPromises(records),
    ...checkHosts(records, expected.model, at),
    ...checkNames(records, expected.model, at),
    ...checkTopology(records, expected.topologies, at),
    ...checkBlackouts(records, expected.blackouts, at),
    ...checkTenants(records, expected.tenants, at),
    ...checkVips(records, expected.vips, at),
  ];
}

function* checkHosts({hosts, groups}: Records, model: Model, at: number): Generator<string> {
  for (const {name, state, removals} of model.hosts.values()) {
    const host = hosts.get(name);
    const found = host === undefined || !groups.has(name) ? 'absent' : host.drained ? 'drained' : 'up';
    if (!state.now().includes(found)) yield `host ${name} is ${found} and should be ${state.now().join(' or ')}`;
    state.set(at, [found]);
    for (const removal of removals) removal.to = Math.min(removal.to, at);
  }
  for (const name of groups.keys()) if (hosts.has(name) && !model.hosts.has(name)) yield `host ${name} is there, and nobody knows why`;
}

function* checkNames({addresses}: Records, model: Model, at: number): Generator<string> {
  const found = new Map([...addresses.values()].map(address => [`${address.name} ${address.ip.includes(':') ? 1 : 0}`, address]));
  for (const [index, of] of [...model.names].entries()) {
    const address = found.get(`${of.name} ${index % 2}`);
    found.delete(`${of.name} ${index % 2}`);
    const possible = model.aged(of.state.now(), at, at);
    const isExpected = (state: NameState) =>
      state === 'unknown' || (typeof state === 'object' ? address?.ip === state.ip && address.host === state.host : address === undefined);
    if (!possible.some(isExpected))
      yield `${of.name} has ${address?.ip ?? 'no address'} on ${address?.host}, and should have ${show(possible)}`;
    const holding = address && {ip: address.ip, host: address.host, from: at, to: at};
    of.state.set(at, [holding ?? 'none']);
    if (holding !== undefined) model.holders.set(holding.ip, {name: of, holding});
  }
  for (const name of found.keys()) yield `${name} has an address that nobody asked for`;
}

function* checkTopology({document, hosts, groups}: Records, topologies: TopologyModel, at: number): Generator<string> {
  const [topology] = (document as {topologies: {map: {routing?: string}[]}[]}).topologies;
  const mark = topology?.map[0]?.routing ?? '';
  const candidates = topologies.candidates();
  if (!candidates.has(mark)) yield `topology ${mark} is in force, and not one of ${[...candidates].join(', ')}`;
  const update = topologies.updates.find(other => other.mark === mark);
  for (const name of update?.hosts ?? []) if (!groups.has(name) || !hosts.has(name)) yield `host ${name} is not there, listed by ${mark}`;
  if (update === undefined) return;
  // From now on it is known which one it is.
  topologies.updates.splice(0, Number.POSITIVE_INFINITY, {...update, isDone: true, to: Math.min(update.to, at)});
}

function* checkBlackouts({blackouts}: Records, {ranges}: BlackoutModel, at: number): Generator<string> {
  for (const [range, state] of ranges) {
    const found = (blackouts as readonly string[]).includes(range) ? 'there' : 'none';
    const possible = state.now().map(one => (one === 'covered' ? 'none' : one));
    if (!possible.includes(found)) yield `blackout ${range} is ${found} and should be ${state.now().join(' or ')}`;
    if (!state.now().includes('covered') || state.now().length > 1) state.set(at, [found]);
  }
  for (const range of blackouts) if (!ranges.has(range)) yield `blackout ${range} is there, and nobody asked for it`;
}

function* checkTenants({tenants, segments}: Records, known: TenantModel, at: number): Generator<string> {
  const found = new Set([...tenants, ...segments.map(({tenant, name}) => `${tenant}/${name}`)]);
  for (const [name, state] of known) {
    const is = found.has(name) ? 'there' : 'none';
    if (!state.now().includes(is)) yield `tenant ${name} is ${is} and should be ${state.now().join(' or ')}`;
    state.set(at, [is]);
  }
}

function* checkVips({vips}: Records, known: VipModel, at: number): Generator<string> {
  const found = new Set(vips.map(({name}) => name));
  for (const [name, state] of known) {
    const is = found.has(name) ? 'there' : 'none';
    if (!state.now().includes(is)) yield `VIP ${name} is ${is} and should be ${state.now().join(' or ')}`;
    state.set(at, [is]);
  }
}

/** What a daemon tells that differs from what is in etcd, once it has caught up. */
export async function checkAnswers(system: StormSystem, daemon: Askable): Promise<string[]> {
  // A request that is refused is decided with everything that is there.
  while ((await daemon.request('DELETE', '/address?addressName=nobody')).status !== 404) await system.sleep(20);
  const records = await system.records();
  const counts = countByBlock(records.addresses.values());
  // The others belong to a topology that came to nothing, and nobody is told of them.
  const placed = [...records.hosts.values()].filter(({name}) => records.groups.has(name));
  const [hosts, blocks, addresses, blackouts, vips] = [
    await daemon.request('GET', '/hosts'),
    await daemon.request('GET', '/blocks'),
    await daemon.request('GET', '/addresses'),
    await daemon.request('GET', '/blackouts'),
    await daemon.request('GET', '/vips'),
  ].map(({body}) => body);
  return [
    ...differences(
      'host',
      hosts.hosts.map((host: Told) => [host['name'], host['ip'], host['drained'], host['tags'], groupsOf(host), host['cidr']]),
      placed.map(({name, ip, drained, tags, fixed}) => [name, ip, drained, tags, sorted(records.groups.get(name)), fixed]),
    ),
    ...differences(
      'block',
      blocks.blocks.map((block: Told) => [block['cidr'], block['host'], block['tenant'], block['segment'], block['allocated_ip_count']]),
      [...records.blocks.values()].map(({cidr, host, tenant, segment}) => [cidr, host, tenant, segment, counts.get(cidr) ?? 0]),
    ),
    ...differences(
      'address',
      addresses.map((address: Told) => [
        address['ip'],
        address['name'],
        address['host'],
        address['tenant'],
        address['segment'],
        address['block'],
      ]),
      [...records.addresses.values()].map(({ip, name, host, tenant, segment, block}) => [ip, name, host, tenant, segment, block]),
    ),
    ...differences(
      'blackout',
      blackouts.map(({cidr}: Told) => [cidr]),
      records.blackouts.map(cidr => [cidr]),
    ),
    ...differences(
      'VIP',
      vips.map((vip: Told) => [vip['name'], vip['ip'], vip['hosts']]),
      records.vips.map(({name, ip, hosts}) => [name, ip, hosts]),
    ),
  ];
}

type Told = Readonly<Record<string, unknown>>;

function groupsOf(host: Told): unknown {
  const groups = Object.entries(host['groups'] as Record<string, {cidr: string}>);
  return sorted(Object.fromEntries(groups.map(([network, {cidr}]) => [network, cidr])));
}

function sorted(groups: Readonly<Record<string, string>> | undefined): unknown {
  return Object.entries(groups ?? {}).sort();
}

function differences(what: string, told: readonly unknown[], stored: readonly unknown[]): string[] {
  const [one, other] = [told, stored].map(list => new Set(list.map(item => JSON.stringify(item))));
  const extra = [...(one ?? [])].filter(item => !other?.has(item)).map(item => `${what} is told of and not stored: ${item}`);
  const missing = [...(other ?? [])].filter(item => !one?.has(item)).map(item => `${what} is stored and not told of: ${item}`);
  return [...extra, ...missing, ...(told.length === stored.length ? [] : [`${told.length} of ${what} told, ${stored.length} stored`])];
}
