import {z} from 'zod';
import {Done, type Route, route} from '../../rest/route.ts';
import {VipAnswer} from '../answers.ts';
import {found} from '../faults.ts';
import {parseVipIp} from '../machine-ip.ts';
import type {Views} from '../views.ts';
import type {Vips} from '../vips.ts';

const VipParams = z.object({name: z.string()});
const WantedVip = z.strictObject({
  ip: z.string().min(1),
  hosts: z.array(z.string().min(1)).default([]).describe('the hosts that may hold it; without any, every host may'),
});
const unknownVip = {404: 'no such VIP'};

/** Virtual IPs, each held by one host at a time. */
export function vipRoutes(views: Views, vips: Vips): Route[] {
  return [
    route({
      method: 'GET',
      path: '/vips',
      operation: 'listVips',
      summary: 'all VIPs, and which host holds each',
      answer: z.array(VipAnswer),
      handle: () => views.vips(),
    }),
    route({
      method: 'GET',
      path: '/vips/{+name}',
      operation: 'getVip',
      summary: 'one VIP',
      params: VipParams,
      answer: VipAnswer,
      refusals: unknownVip,
      handle: ({params: {name}}) => found(views.vip(name), 'vip', name),
    }),
    route({
      method: 'PUT',
      path: '/vips/{+name}',
      operation: 'putVip',
      summary: 'creates a VIP, or replaces it',
      params: VipParams,
      body: WantedVip,
      answer: Done,
      refusals: {
        404: 'no such host',
        409: 'the IP is an address, that of a host, or that of another VIP, which the details tell',
        422: 'an IP that no machine can have, or a name that none can have',
      },
      handle: ({params: {name}, body: {ip, hosts}}) => vips.put({name, ip: parseVipIp(ip), hosts}),
    }),
    route({
      method: 'DELETE',
      path: '/vips/{+name}',
      operation: 'removeVip',
      summary: 'removes a VIP; the host that holds it lets it go',
      params: VipParams,
      answer: Done,
      refusals: unknownVip,
      handle: ({params: {name}}) => vips.remove(name),
    }),
  ];
}
