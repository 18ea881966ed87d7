import {z} from 'zod';
import {InputError} from '../core/errors.ts';
import {isAddressName, isOwnerName} from '../core/names.ts';
import {type Address, isAddress, parseAddress} from '../core/prefix.ts';
import {type Route, route} from '../rest/route.ts';
import type {Addresses} from './addresses.ts';
import {notFound} from './faults.ts';
import type {Hosts} from './hosts.ts';
import type {Ledger} from './ledger.ts';
import type {Topologies} from './topology.ts';
import {addressView, createViews} from './views.ts';

export interface RoutesOptions {
  readonly ledger: Ledger;
  readonly addresses: Addresses;
  readonly hosts: Hosts;
  readonly topologies: Topologies;
  /** The last report of every agent, or of that of one host. */
  status(host?: string): object[];
}

const HostName = z.string().min(1);
const Tags = z.record(z.string(), z.string());
const NameParams = z.object({name: z.string()});
const NewHost = z.strictObject({
  name: HostName,
  ip: z.string().min(1),
  agent_port: z.int().min(1).max(65535).nullish(),
  tags: Tags.nullish(),
  k8s_info: z.unknown().optional(),
  groups: z.unknown().optional(),
});
const HostPatch = z.strictObject({
  tags: z.record(z.string(), z.string().nullable()).optional(),
  ip: z.string().optional(),
  drained: z.boolean().optional(),
});
const BlockFilter = z.strictObject({
  host: z.string().optional(),
  network: z.string().optional(),
  tenant: z.string().optional(),
  segment: z.string().optional(),
});
const NewAddress = z.strictObject({
  name: z.string().min(1),
  host: z.string().min(1),
  tenant: z.string().default(''),
  segment: z.string().default(''),
  family: z.enum(['ipv4', 'ipv6']).optional(),
});

/** Every route of ipamd (contract, section 4). */
export function ipamRoutes({ledger, addresses, hosts, topologies, status}: RoutesOptions): Route[] {
  const views = createViews(ledger);
  return [
    route({method: 'GET', path: '/networks', summary: 'all networks', handle: () => views.networks()}),
    route({
      method: 'GET',
      path: '/networks/:name',
      summary: 'one network',
      params: NameParams,
      handle: ({params: {name}}) => networkNamed(name),
    }),
    route({
      method: 'GET',
      path: '/networks/:name/blocks',
      summary: 'the blocks of a network',
      params: NameParams,
      handle: ({params: {name}}) => networkNamed(name) && views.blocks({network: name}),
    }),
    route({
      method: 'GET',
      path: '/blocks',
      summary: 'all blocks, or those of a host, network, tenant, segment',
      query: BlockFilter,
      handle: ({query}) => views.blocks(query),
    }),

    route({method: 'GET', path: '/topology', summary: 'the topology with its groups, CIDRs and hosts', handle: () => views.topology()}),
    route({
      method: 'POST',
      path: '/topology',
      summary: 'replaces the topology',
      body: z.unknown(),
      query: z.strictObject({dry_run: z.enum(['true', 'false']).optional()}),
      handle: async ({body, query}) => (query.dry_run === 'true' ? topologies.preview(body) : topologies.update(body)),
    }),

    route({method: 'GET', path: '/hosts', summary: 'all hosts', handle: () => views.hosts()}),
    route({
      method: 'POST',
      path: '/hosts',
      summary: 'adds a host',
      body: NewHost,
      handle: ({body: {name, ip, agent_port, tags}}) => hosts.add({name, ip: hostIp(ip), agentPort: agent_port ?? 9604, tags: tags ?? {}}),
    }),
    route({
      method: 'GET',
      path: '/hosts/:name',
      summary: 'one host',
      params: NameParams,
      handle: ({params: {name}}) => found(views.host(name), 'host', name),
    }),
    route({
      method: 'PATCH',
      path: '/hosts/:name',
      summary: 'changes tags, IP, or whether a host is drained',
      params: NameParams,
      body: HostPatch,
      handle: async ({params: {name}, body: {tags, ip, drained}}) => {
        await hosts.patch(name, {tags, drained, ...(ip !== undefined && {ip: hostIp(ip)})});
      },
    }),
    route({
      method: 'DELETE',
      path: '/hosts/:name',
      summary: 'removes a host, its addresses and its blocks',
      params: NameParams,
      handle: ({params: {name}}) => hosts.remove(name),
    }),

    route({
      method: 'POST',
      path: '/address',
      summary: 'gives an endpoint an address',
      body: NewAddress,
      handle: ({body}) => {
        checkNames(body);
        return addresses.allocate(body);
      },
    }),
    route({
      method: 'DELETE',
      path: '/address',
      summary: 'takes an address back, by name or IP',
      query: z.strictObject({addressName: z.string().min(1)}),
      handle: ({query: {addressName}}) => addresses.release(addressName),
    }),
    route({method: 'GET', path: '/addresses', summary: 'all addresses', handle: () => views.addresses()}),
    route({
      method: 'GET',
      path: '/addresses/*',
      summary: 'the addresses of a name, or the one with that IP',
      params: z.object({'*': z.string()}),
      handle: ({params: {'*': nameOrIp}}) => addressesNamed(nameOrIp),
    }),

    route({
      method: 'GET',
      path: '/status',
      summary: 'the last report of every agent, or of that of one host',
      query: z.strictObject({host: z.string().optional()}),
      handle: ({query: {host}}) => status(host),
    }),
  ];

  function networkNamed(name: string): object {
    return found(
      views.networks().find(network => 'id' in network && network.id === name),
      'network',
      name,
    );
  }

  function addressesNamed(nameOrIp: string): object[] {
    const named = ledger.index.addressesNamed(nameOrIp);
    const byIp = isAddress(nameOrIp) ? ledger.index.address(parseAddress(nameOrIp)) : undefined;
    const all = [...named, ...(byIp === undefined ? [] : [byIp])];
    if (all.length === 0) throw notFound('address', nameOrIp);
    return all.map(addressView);
  }
}

function found<Value>(value: Value | undefined, type: string, id: string): Value {
  if (value === undefined) throw notFound(type, id);
  return value;
}

function hostIp(text: string): Address {
  if (!isAddress(text)) throw new InputError('ERR_INVALID', `Invalid host IP ${JSON.stringify(text)}, expected an IPv4 or IPv6 address.`);
  return parseAddress(text);
}

function checkNames({name, tenant, segment}: {name: string; tenant: string; segment: string}): void {
  if (!isAddressName(name)) {
    throw new InputError('ERR_INVALID', `Bad address name: ${name} (expected 1 to 253 letters, digits and . _ - : /, and not an IP).`);
  }
  if (!isOwnerName(tenant)) throw new InputError('ERR_INVALID', `Bad tenant name: ${tenant}`);
  if (!isOwnerName(segment)) throw new InputError('ERR_INVALID', `Bad segment name: ${segment}`);
}
