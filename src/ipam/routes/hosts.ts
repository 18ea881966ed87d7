import {z} from 'zod';
import {parsePrefix} from '../../core/prefix.ts';
import {Done, type Route, route} from '../../rest/route.ts';
import {HostAnswer, HostListAnswer} from '../answers.ts';
import {found} from '../faults.ts';
import type {Hosts} from '../hosts.ts';
import {parseMachineIp} from '../machine-ip.ts';
import type {Views} from '../views.ts';

const HostParams = z.object({name: z.string()});
const unknownHost = {404: 'no such host'};
// What GET answers, and nobody needs to take out before a host is posted again.
const ignored = z.unknown().optional().describe('ignored');
const NewHost = z.strictObject({
  name: z.string().min(1),
  ip: z.string().min(1),
  agent_port: z.int().min(1).max(65535).nullish(),
  tags: z.record(z.string(), z.string()).nullish(),
  cidr: z.string().optional().describe('a prefix that this host alone gets addresses from'),
  drained: z.boolean().optional(),
  k8s_info: ignored,
  groups: ignored,
});
const HostPatch = z.strictObject({
  tags: z.record(z.string(), z.string().nullable()).optional().describe('merged with those that the host has; null removes one'),
  ip: z.string().optional(),
  drained: z.boolean().optional(),
});

export function hostRoutes(views: Views, hosts: Hosts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/hosts',
      operation: 'listHosts',
      summary: 'all hosts',
      answer: HostListAnswer,
      handle: () => views.hosts(),
    }),
    route({
      method: 'POST',
      path: '/hosts',
      operation: 'addHost',
      summary: 'adds a host',
      body: NewHost,
      answer: Done,
      refusals: {409: 'the name, the IP or the prefix is taken, or no group takes the host', 422: 'an IP, a prefix or a name that is none'},
      handle: ({body: {name, ip, agent_port, tags, cidr, drained}}) =>
        hosts.add({
          name,
          ip: parseMachineIp('host IP', ip),
          agentPort: agent_port ?? 9604,
          tags: tags ?? {},
          drained: drained ?? false,
          ...(cidr !== undefined && {fixed: parsePrefix(cidr)}),
        }),
    }),
    route({
      method: 'GET',
      path: '/hosts/{name}',
      operation: 'getHost',
      summary: 'one host',
      params: HostParams,
      answer: HostAnswer,
      refusals: unknownHost,
      handle: ({params: {name}}) => found(views.host(name), 'host', name),
    }),
    route({
      method: 'PATCH',
      path: '/hosts/{name}',
      operation: 'patchHost',
      summary: 'changes tags, IP, or whether a host is drained',
      params: HostParams,
      body: HostPatch,
      answer: Done,
      refusals: {...unknownHost, 409: 'the IP is taken, or its group does not take a host with such tags', 422: 'an IP that is none'},
      handle: async ({params: {name}, body: {tags, ip, drained}}) => {
        await hosts.patch(name, {tags, drained, ...(ip !== undefined && {ip: parseMachineIp('host IP', ip)})});
      },
    }),
    route({
      method: 'DELETE',
      path: '/hosts/{name}',
      operation: 'removeHost',
      summary: 'removes a host, its addresses and its blocks',
      params: HostParams,
      answer: Done,
      refusals: unknownHost,
      handle: ({params: {name}}) => hosts.remove(name),
    }),
  ];
}
