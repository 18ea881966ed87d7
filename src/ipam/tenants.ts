import {InputError} from '../core/errors.ts';
import {isOwnerName} from '../core/names.ts';
import type {Segment} from '../core/state.ts';
import {renderRecord} from '../store/records.ts';
import type {Condition} from '../store/store.ts';
import {segmentId} from '../store/tables.ts';
import {exists, notFound} from './faults.ts';
import type {Ledger} from './ledger.ts';
import type {Change, Transactor} from './transact.ts';

/**
 * The names of tenants and segments that are made known beforehand. An address may belong to others too.
 * Throws InputError: ERR_INVALID (a name that none can have), ERR_EXISTS, ERR_NOT_FOUND, ERR_CONFLICT (in use).
 */
export interface Tenants {
  /** By name. */
  list(): string[];
  add(tenant: string): Promise<void>;
  /** With its segments. */
  remove(tenant: string): Promise<void>;
  /** By name. */
  listSegments(tenant: string): string[];
  addSegment(segment: Segment): Promise<void>;
  removeSegment(segment: Segment): Promise<void>;
}

// Etcd takes 128 operations in one transaction.
const segmentsAtOnce = 100;
const maxNameLength = 253;

export function createTenants({ledger, transact}: {readonly ledger: Ledger; readonly transact: Transactor}): Tenants {
  const {keys} = ledger;

  const knownTenant = (name: string) => {
    const tenant = ledger.tables.tenants.get(name);
    if (tenant === undefined) throw notFound('tenant', name);
    return tenant;
  };

  return {
    list: () => [...ledger.tables.tenants.keys()].sort(),

    async add(name) {
      refuseBadName('tenant', name);
      await transact(() => {
        if (ledger.tables.tenants.has(name)) throw exists('tenant', name);
        return change([{key: keys.tenant(name), modRevision: 0}], {put: keys.tenant(name), value: renderRecord({name})});
      });
    },

    async remove(name) {
      while (!(await transact(() => removalStep(ledger, name, knownTenant(name).modRevision))));
    },

    listSegments(tenant) {
      knownTenant(tenant);
      return segmentsOf(ledger, tenant).map(({name}) => name);
    },

    async addSegment(segment) {
      const {tenant, name} = segment;
      refuseBadName('segment', name);
      await transact(() => {
        const {modRevision} = knownTenant(tenant);
        if (ledger.tables.segments.has(segmentId(segment))) throw exists('segment', name);
        const key = keys.segment(tenant, name);
        // Whoever removes the tenant compares its segments.
        const conditions = [
          {key: keys.tenant(tenant), modRevision},
          {key, modRevision: 0},
        ];
        return change(conditions, {put: key, value: renderRecord({tenant, name})});
      });
    },

    async removeSegment(segment) {
      const {tenant, name} = segment;
      await transact(() => {
        knownTenant(tenant);
        const known = ledger.tables.segments.get(segmentId(segment));
        if (known === undefined) throw notFound('segment', name);
        const key = keys.segment(tenant, name);
        return change([{key, modRevision: known.modRevision}, refuseUsed(ledger, tenant, name)], {delete: key});
      });
    },
  };
}

function change(conditions: readonly Condition[], operation: {put: string; value: string} | {delete: string}): Change<void> {
  return {transaction: {conditions, operations: [operation]}, result: undefined};
}

/** The next step of removing a tenant, and whether it is the last. */
function removalStep(ledger: Ledger, tenant: string, modRevision: number): Change<boolean> {
  const {keys, revision} = ledger;
  const conditions: Condition[] = [
    {key: keys.tenant(tenant), modRevision},
    {...keys.segmentsOf(tenant), unchangedSince: revision},
    refuseUsed(ledger, tenant),
  ];
  const segments = segmentsOf(ledger, tenant);
  const gone = segments.slice(0, segmentsAtOnce).map(({name}) => ({delete: keys.segment(tenant, name)}));
  const isLast = gone.length === segments.length;
  return {transaction: {conditions, operations: [...gone, ...(isLast ? [{delete: keys.tenant(tenant)}] : [])]}, result: isLast};
}

function segmentsOf({tables}: Ledger, tenant: string): Segment[] {
  const segments = [...tables.segments.values()].map(({value}) => value).filter(segment => segment.tenant === tenant);
  return segments.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Throws InputError ERR_CONFLICT where something names the tenant, or that segment of it; gives the condition that nothing has begun to since.
 * Addresses do by their blocks: an owner that has no block gets its first address in one that is written for it. Policies belong here as well,
 * once there are any.
 */
function refuseUsed({keys, tables, index, revision}: Ledger, tenant: string, segment?: string): Condition {
  const blocks = [...tables.blocks.values()]
    .map(({value}) => value)
    .filter(block => block.host !== '' && block.tenant === tenant && (segment === undefined || block.segment === segment));
  const [first] = blocks;
  if (first !== undefined) {
    const count = blocks.reduce((sum, {cidr}) => sum + index.countIn(cidr), 0);
    const what = segment === undefined ? `Tenant ${tenant}` : `Segment ${segment} of tenant ${tenant}`;
    const addresses = count === 1 ? '1 address' : `${count} addresses`;
    throw new InputError('ERR_CONFLICT', `${what} is in use by ${addresses}, in block ${first.cidr} of host ${first.host} for one.`);
  }
  return {...keys.allBlocks, unchangedSince: revision};
}

function refuseBadName(kind: 'tenant' | 'segment', name: string): void {
  // No path can hold a dot or two: whoever resolves a URL takes them away.
  if (isOwnerName(name) && name !== '' && name !== '.' && name !== '..' && name.length <= maxNameLength) return;
  throw new InputError(
    'ERR_INVALID',
    `Bad ${kind} name: ${JSON.stringify(name)} (expected 1 to ${maxNameLength} letters, digits and _ - ., and not . or .. alone).`,
  );
}
