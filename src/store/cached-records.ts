import {z} from 'zod';
import {InputError, messageOf} from '../core/errors.ts';
import {type Keys, kindOfKey, type RecordKind} from './keys.ts';
import {parseAllocatedAddress} from './records.ts';
import type {WatchEvent} from './store.ts';

/** Records of the store as text, by their keys, as of one revision. Of all that it holds those that a host needs to be a router. */
export interface CachedRecords {
  readonly revision: number;
  /** Milliseconds since 1970. */
  readonly writtenAt: number;
  readonly records: ReadonlyMap<string, string>;
}

/** Whose they are: the store's prefix and the host. */
export interface CachedFor {
  readonly prefix: string;
  readonly host: string;
}

const format = 1;

const File = z.object({
  format: z.literal(format),
  prefix: z.string(),
  host: z.string(),
  revision: z.int(),
  writtenAt: z.number(),
  // Keys and values in turn: a tenth of the time that it takes to write an object with tens of thousands of keys.
  records: z.array(z.string()),
});

/** The text of the file that outlives a reboot. */
export function renderCachedRecords({prefix, host}: CachedFor, {revision, writtenAt, records}: CachedRecords): string {
  const file: z.infer<typeof File> = {format, prefix, host, revision, writtenAt, records: [...records].flat()};
  return `${JSON.stringify(file)}\n`;
}

/** Parses that file. Throws InputError for what is not whole, of another format, or of another store or host. */
export function parseCachedRecords(wanted: CachedFor, text: string): CachedRecords {
  const {prefix, host, revision, writtenAt, records} = parseFile(text);
  for (const [what, found, expected] of [
    ['the prefix of its store', prefix, wanted.prefix],
    ['its host', host, wanted.host],
  ] as const) {
    if (found !== expected) throw refuse(`${what} is ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
  }
  const pairs = new Map<string, string>();
  for (let index = 0; index + 1 < records.length; index += 2) pairs.set(records[index] ?? '', records[index + 1] ?? '');
  return {revision, writtenAt, records: pairs};
}

// What nobody follows here, and what is true only while its holder renews it.
const uncached: ReadonlySet<RecordKind | undefined> = new Set([undefined, 'blackouts', 'staging', 'tenant', 'segment', 'vipHolder']);

/** Whether a host needs a record to be a router: not the addresses of other hosts' endpoints, which may be a hundred thousand. */
export function isCached(keys: Keys, host: string, {key, value}: WatchEvent): boolean {
  const kind = kindOfKey(keys, key);
  if (value === undefined || uncached.has(kind)) return false;
  // To look for the name is quick, and tells nearly all.
  return kind !== 'address' || (value.includes(JSON.stringify(host)) && isAddressOf(host, key, value));
}

function isAddressOf(host: string, key: string, value: string): boolean {
  try {
    return parseAllocatedAddress(key, value).host === host;
  } catch {
    return false;
  }
}

function parseFile(text: string): z.infer<typeof File> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse(`it is not JSON: ${messageOf(error)}`, error);
  }
  const file = File.safeParse(value);
  if (file.success) return file.data;
  throw refuse(file.error.issues.map(({path, message}) => `${path.join('.')}: ${message}`).join('; '), file.error);
}

function refuse(reason: string, cause?: unknown): InputError {
  return new InputError('ERR_CACHED_STATE', reason, {cause});
}
