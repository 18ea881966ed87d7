import {z} from 'zod';
import {InputError} from '../../core/errors.ts';
import {isAddressName, isOwnerName} from '../../core/names.ts';
import {isAddress, parseAddress} from '../../core/prefix.ts';
import {Done, type Route, route} from '../../rest/route.ts';
import type {Addresses} from '../addresses.ts';
import {AddressAnswer} from '../answers.ts';
import {naming, notFound} from '../faults.ts';
import type {Ledger} from '../ledger.ts';
import type {Views} from '../views.ts';

const NewAddress = z.strictObject({
  name: z.string().min(1),
  host: z.string().min(1),
  tenant: z.string().default(''),
  segment: z.string().default(''),
  family: z.enum(['ipv4', 'ipv6']).optional().describe('IPv4 where any network that may be used is IPv4'),
});
const unknownAddress = {404: 'no such address'};

export function addressRoutes(views: Views, ledger: Ledger, addresses: Addresses): Route[] {
  return [
    route({
      method: 'POST',
      path: '/address',
      operation: 'allocateAddress',
      summary: 'gives an endpoint an address',
      body: NewAddress,
      answer: z.string().describe('the IP'),
      refusals: {
        404: 'no such host',
        409: 'the name has an address, which the details tell; or the host is drained, or there is no network for the tenant',
        422: 'a name that none can have',
        507: 'no address is left',
      },
      handle: ({body}) => {
        checkNames(body);
        return addresses.allocate(body);
      },
    }),
    route({
      method: 'DELETE',
      path: '/address',
      operation: 'releaseAddress',
      summary: 'takes an address back, by name or IP',
      query: z.strictObject({addressName: z.string().min(1).describe('a name, with which its addresses of both families go, or an IP')}),
      answer: Done,
      refusals: unknownAddress,
      handle: ({query: {addressName}}) => addresses.release(addressName).catch(naming('address', addressName)),
    }),
    route({
      method: 'GET',
      path: '/addresses',
      operation: 'listAddresses',
      summary: 'all addresses',
      answer: z.array(AddressAnswer),
      handle: () => views.addresses(),
    }),
    route({
      method: 'GET',
      path: '/addresses/{+nameOrIp}',
      operation: 'getAddresses',
      summary: 'the addresses of a name, or the one with that IP',
      params: z.object({nameOrIp: z.string()}),
      answer: z.array(AddressAnswer).describe('one, or two of different families'),
      refusals: unknownAddress,
      handle: ({params: {nameOrIp}}) => addressesNamed(nameOrIp),
    }),
  ];

  function addressesNamed(nameOrIp: string): AddressAnswer[] {
    const named = ledger.written.addressesNamed(nameOrIp);
    const byIp = isAddress(nameOrIp) ? ledger.tables.addresses.get(parseAddress(nameOrIp))?.value : undefined;
    const all = [...named, ...(byIp === undefined ? [] : [byIp])];
    if (all.length === 0) throw notFound('address', nameOrIp);
    return all.map(views.address);
  }
}

function checkNames({name, tenant, segment}: {name: string; tenant: string; segment: string}): void {
  if (!isAddressName(name)) {
    throw new InputError('ERR_INVALID', `Bad address name: ${name} (expected 1 to 253 letters, digits and . _ - : /, and not an IP).`);
  }
  if (!isOwnerName(tenant)) throw new InputError('ERR_INVALID', `Bad tenant name: ${tenant}`);
  if (!isOwnerName(segment)) throw new InputError('ERR_INVALID', `Bad segment name: ${segment}`);
}
