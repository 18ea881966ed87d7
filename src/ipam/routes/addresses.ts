import {z} from 'zod';
import {InputError} from '../../core/errors.ts';
import {isAddressName, isOwnerName} from '../../core/names.ts';
import {isAddress, parseAddress} from '../../core/prefix.ts';
import {type Route, route} from '../../rest/route.ts';
import type {Addresses} from '../addresses.ts';
import {notFound} from '../faults.ts';
import type {Ledger} from '../ledger.ts';
import {addressView, type Views} from '../views.ts';

const NewAddress = z.strictObject({
  name: z.string().min(1),
  host: z.string().min(1),
  tenant: z.string().default(''),
  segment: z.string().default(''),
  family: z.enum(['ipv4', 'ipv6']).optional(),
});

export function addressRoutes(views: Views, ledger: Ledger, addresses: Addresses): Route[] {
  return [
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
  ];

  function addressesNamed(nameOrIp: string): object[] {
    const named = ledger.index.addressesNamed(nameOrIp);
    const byIp = isAddress(nameOrIp) ? ledger.index.address(parseAddress(nameOrIp)) : undefined;
    const all = [...named, ...(byIp === undefined ? [] : [byIp])];
    if (all.length === 0) throw notFound('address', nameOrIp);
    return all.map(addressView);
  }
}

function checkNames({name, tenant, segment}: {name: string; tenant: string; segment: string}): void {
  if (!isAddressName(name)) {
    throw new InputError('ERR_INVALID', `Bad address name: ${name} (expected 1 to 253 letters, digits and . _ - : /, and not an IP).`);
  }
  if (!isOwnerName(tenant)) throw new InputError('ERR_INVALID', `Bad tenant name: ${tenant}`);
  if (!isOwnerName(segment)) throw new InputError('ERR_INVALID', `Bad segment name: ${segment}`);
}
