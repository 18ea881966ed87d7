import {z} from 'zod';
import {InputError} from '../core/errors.ts';
import {type Address, type Prefix, parseAddress, parsePrefix} from '../core/prefix.ts';
import type {AllocatedAddress, Block, Host, HostAddresses, Segment, Tenant, Vip, VipHolder} from '../core/state.ts';
import {parseTopology, type TopologyDocument} from '../core/topology-document.ts';

/** The value of a key as text. Keys of an object keep their order, so that equal records are equal texts. */
export function renderRecord(record: unknown): string {
  return JSON.stringify(record);
}

const AddressText = z.string().transform(text => parseAddress(text) as Address);
const PrefixText = z.string().transform(text => parsePrefix(text) as Prefix);

const HostRecord = z.object({
  name: z.string().min(1),
  ip: AddressText,
  agentPort: z.number().int(),
  drained: z.boolean().default(false),
  tags: z.record(z.string(), z.string()),
  fixed: PrefixText.optional(),
});

const PlacementRecord = z.object({host: z.string(), generation: z.int(), groups: z.record(z.string(), PrefixText)});

const BlockRecord = z.object({
  cidr: PrefixText,
  host: z.string(),
  tenant: z.string(),
  segment: z.string(),
  freed: z.object({at: z.number(), from: z.string()}).optional(),
});

const TopologyRecord = z.object({generation: z.int(), document: z.unknown()});

const BlackoutsRecord = z.object({cidrs: z.array(z.string())});

const AddressRecord = z.object({
  name: z.string().min(1),
  ip: AddressText,
  block: PrefixText,
  host: z.string(),
  tenant: z.string(),
  segment: z.string(),
  allocatedAt: z.string(),
});

const TenantRecord = z.object({name: z.string().min(1)});

const SegmentRecord = z.object({tenant: z.string().min(1), name: z.string().min(1)});

const VipRecord = z.object({name: z.string().min(1), ip: AddressText, hosts: z.array(z.string()).default([])});

const HostAddressesRecord = z.object({addresses: z.array(AddressText)});

// The latest moment that a Date can say.
const maxTime = 8.64e15;

const VipHolderRecord = z.object({host: z.string().min(1), since: z.int().min(0).max(maxTime), ip: AddressText.optional()});

/** A host as its own key has it: where it stands is written elsewhere, by generation of the topology. */
export type HostIdentity = Omit<Host, 'groups'>;

/** The groups of a host in the topology of that generation. A host exists once the current topology has a placement for it. */
export interface Placement {
  readonly host: string;
  readonly generation: number;
  readonly groups: Readonly<Record<string, Prefix>>;
}

export interface TopologyVersion {
  /** 0 before there is any topology; else a revision of the store, so that no two have the same. */
  readonly generation: number;
  readonly document: TopologyDocument;
  /** The same as it was posted. */
  readonly source: unknown;
}

/** Parses the value of a host key; throws InputError that names the key and the field. */
export function parseHost(key: string, text: string): HostIdentity {
  return parseRecord(HostRecord, key, text);
}

export function parsePlacement(key: string, text: string): Placement {
  return parseRecord(PlacementRecord, key, text);
}

export function parseTopologyVersion(key: string, text: string): TopologyVersion {
  const {generation, document: source} = parseRecord(TopologyRecord, key, text);
  return {generation, document: parseTopology(source), source};
}

/**
 * Parses the value of the key with all blackouts: sorted by value, none inside of another. There may be tens of thousands, of which nearly all were
 * in the value before.
 */
export function parseBlackouts(key: string, text: string, before: readonly Prefix[] = []): readonly Prefix[] {
  const known = new Map<string, Prefix>(before.map(cidr => [cidr, cidr]));
  const {cidrs} = parseRecord(BlackoutsRecord, key, text);
  return cidrs.map(cidr => known.get(cidr) ?? parseRecord(PrefixText, key, JSON.stringify(cidr)));
}

export function parseBlock(key: string, text: string): Block {
  return parseRecord(BlockRecord, key, text);
}

export function parseAllocatedAddress(key: string, text: string): AllocatedAddress {
  return parseRecord(AddressRecord, key, text);
}

export function parseTenant(key: string, text: string): Tenant {
  return parseRecord(TenantRecord, key, text);
}

export function parseSegment(key: string, text: string): Segment {
  return parseRecord(SegmentRecord, key, text);
}

export function parseVip(key: string, text: string): Vip {
  return parseRecord(VipRecord, key, text);
}

/** The host's name stands in the key alone. */
export function parseHostAddresses(key: string, text: string): HostAddresses {
  return {host: decodeURIComponent(key.slice(key.lastIndexOf('/') + 1)), ...parseRecord(HostAddressesRecord, key, text)};
}

/** The VIP's name stands in the key alone. */
export function parseVipHolder(key: string, text: string): VipHolder {
  return {vip: decodeURIComponent(key.slice(key.lastIndexOf('/') + 1)), ...parseRecord(VipHolderRecord, key, text)};
}

/** Parses a value as JSON; throws InputError that names the key. */
export function parseJson(key: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError('ERR_STORED_VALUE', `cannot read ${key} from the store: not JSON`, {cause: error});
  }
}

/** Parses a value by its schema; throws InputError that names the key and the field. */
export function parseRecord<Schema extends z.ZodType>(schema: Schema, key: string, text: string): z.infer<Schema> {
  const value = parseJson(key, text);
  try {
    return schema.parse(value);
  } catch (error) {
    const reason =
      error instanceof z.ZodError ? error.issues.map(({path, message}) => `${path.join('.')}: ${message}`).join('; ') : String(error);
    throw new InputError('ERR_STORED_VALUE', `cannot read ${key} from the store: ${reason}`, {cause: error});
  }
}
