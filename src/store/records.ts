import {z} from 'zod';
import {InputError} from '../core/errors.ts';
import {type Address, type Prefix, parseAddress, parsePrefix} from '../core/prefix.ts';
import type {AllocatedAddress, Block, Host} from '../core/state.ts';

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
  groups: z.record(z.string(), PrefixText),
});

const BlockRecord = z.object({cidr: PrefixText, network: z.string(), host: z.string(), tenant: z.string(), segment: z.string()});

const AddressRecord = z.object({
  name: z.string().min(1),
  ip: AddressText,
  block: PrefixText,
  network: z.string(),
  host: z.string(),
  tenant: z.string(),
  segment: z.string(),
  allocatedAt: z.string(),
});

/** Parses the value of a host key; throws InputError that names the key and the field. */
export function parseHost(key: string, text: string): Host {
  return parseRecord(HostRecord, key, text);
}

export function parseBlock(key: string, text: string): Block {
  return parseRecord(BlockRecord, key, text);
}

export function parseAllocatedAddress(key: string, text: string): AllocatedAddress {
  return parseRecord(AddressRecord, key, text);
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
