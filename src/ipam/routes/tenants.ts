import {z} from 'zod';
import {Done, type Route, route} from '../../rest/route.ts';
import type {Tenants} from '../tenants.ts';

const Named = z.strictObject({name: z.string()});
const NameList = z.array(z.object({name: z.string()}).meta({id: 'Name'}));
const TenantParams = z.object({tenant: z.string()});
const SegmentParams = z.object({tenant: z.string(), segment: z.string()});

const unknownTenant = {404: 'no such tenant'};
const badName = {422: 'a name that none can have'};

/** Tenants and segments that are made known beforehand. */
export function tenantRoutes(tenants: Tenants): Route[] {
  return [
    route({
      method: 'GET',
      path: '/tenants',
      operation: 'listTenants',
      summary: 'all tenants that were made known',
      answer: NameList,
      handle: () => tenants.list().map(named),
    }),
    route({
      method: 'POST',
      path: '/tenants',
      operation: 'addTenant',
      summary: 'makes a tenant known',
      body: Named,
      answer: Done,
      refusals: {409: 'it is known', ...badName},
      handle: ({body: {name}}) => tenants.add(name),
    }),
    route({
      method: 'DELETE',
      path: '/tenants/{tenant}',
      operation: 'removeTenant',
      summary: 'forgets a tenant and its segments',
      params: TenantParams,
      answer: Done,
      refusals: {...unknownTenant, 409: 'it is in use'},
      handle: ({params: {tenant}}) => tenants.remove(tenant),
    }),
    route({
      method: 'GET',
      path: '/tenants/{tenant}/segments',
      operation: 'listSegments',
      summary: 'the segments of a tenant that were made known',
      params: TenantParams,
      answer: NameList,
      refusals: unknownTenant,
      handle: ({params: {tenant}}) => tenants.listSegments(tenant).map(named),
    }),
    route({
      method: 'POST',
      path: '/tenants/{tenant}/segments',
      operation: 'addSegment',
      summary: 'makes a segment of a tenant known',
      params: TenantParams,
      body: Named,
      answer: Done,
      refusals: {...unknownTenant, 409: 'it is known', ...badName},
      handle: ({params: {tenant}, body: {name}}) => tenants.addSegment({tenant, name}),
    }),
    route({
      method: 'DELETE',
      path: '/tenants/{tenant}/segments/{segment}',
      operation: 'removeSegment',
      summary: 'forgets a segment',
      params: SegmentParams,
      answer: Done,
      refusals: {404: 'no such tenant or segment', 409: 'it is in use'},
      handle: ({params: {tenant, segment}}) => tenants.removeSegment({tenant, name: segment}),
    }),
  ];
}

function named(name: string): {name: string} {
  return {name};
}
