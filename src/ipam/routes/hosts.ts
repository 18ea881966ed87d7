import {z} from 'zod';
import {InputError} from '../../core/errors.ts';
import {type Address, isAddress, parseAddress} from '../../core/prefix.ts';
import {type Route, route} from '../../rest/route.ts';
import {found} from '../faults.ts';
import type {Hosts} from '../hosts.ts';
import type {Views} from '../views.ts';

const HostParams = z.object({name: z.string()});
const NewHost = z.strictObject({
  name: z.string().min(1),
  ip: z.string().min(1),
  agent_port: z.int().min(1).max(65535).nullish(),
  tags: z.record(z.string(), z.string()).nullish(),
  k8s_info: z.unknown().optional(),
  groups: z.unknown().optional(),
});
const HostPatch = z.strictObject({
  tags: z.record(z.string(), z.string().nullable()).optional(),
  ip: z.string().optional(),
  drained: z.boolean().optional(),
});

export function hostRoutes(views: Views, hosts: Hosts): Route[] {
  return [
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
      params: HostParams,
      handle: ({params: {name}}) => found(views.host(name), 'host', name),
    }),
    route({
      method: 'PATCH',
      path: '/hosts/:name',
      summary: 'changes tags, IP, or whether a host is drained',
      params: HostParams,
      body: HostPatch,
      handle: async ({params: {name}, body: {tags, ip, drained}}) => {
        await hosts.patch(name, {tags, drained, ...(ip !== undefined && {ip: hostIp(ip)})});
      },
    }),
    route({
      method: 'DELETE',
      path: '/hosts/:name',
      summary: 'removes a host, its addresses and its blocks',
      params: HostParams,
      handle: ({params: {name}}) => hosts.remove(name),
    }),
  ];
}

function hostIp(text: string): Address {
  if (!isAddress(text)) throw new InputError('ERR_INVALID', `Invalid host IP ${JSON.stringify(text)}, expected an IPv4 or IPv6 address.`);
  return parseAddress(text);
}
