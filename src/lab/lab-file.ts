import {parse as parseYaml} from 'yaml';
import {z} from 'zod';
import {InputError, messageOf} from '../core/errors.ts';
import {addressBits, type Family, familyOf, type Prefix, parsePrefix} from '../core/prefix.ts';
import {labFileProblems} from './lab-file-problems.ts';

/** Parses the text of a lab file; throws InputError with every problem in it. `name` replaces the lab's own name. */
export function parseLabFile(text: string, source: string, name?: string): LabFile {
  let document: unknown;
  try {
    document = parseYaml(text);
  } catch (error) {
    throw new InputError('ERR_LAB_FILE', `cannot read lab file ${source}: ${messageOf(error)}`, {cause: error});
  }
  if (name !== undefined && isRecord(document)) document = {...document, name};
  const result = LabFile.safeParse(document, {reportInput: true});
  const problems = result.success ? labFileProblems(result.data) : result.error.issues.map(sentenceOf);
  if (result.success && problems.length === 0) return result.data;
  throw new InputError('ERR_LAB_FILE', `wrong lab file ${source}:\n  ${problems.join('\n  ')}`);
}

/** The families that the lab's networks use, IPv4 always among them: links and router ids need it. */
export function familiesOf(file: LabFile): readonly Family[] {
  return file.networks.some(network => familyOf(network.cidr) === 'ipv6') ? ['ipv4', 'ipv6'] : ['ipv4'];
}

const Name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'expected up to 32 lower-case letters, digits and "-", a letter first')
  .refine(name => !name.startsWith('ep-'), 'names that begin with "ep-" are for endpoints');

const Cidr = z.string().transform((text, context): Prefix => {
  try {
    return parsePrefix(text);
  } catch (error) {
    context.addIssue(messageOf(error));
    return z.NEVER;
  }
});

const AsNumber = z.int().min(1).max(4_294_967_294);
const RouterDaemon = z.enum(['bird', 'frr']);

const LabNetwork = z
  .strictObject({name: Name, cidr: Cidr, blockMask: z.int().min(1).max(128).optional(), tenants: z.array(z.string()).default([])})
  .transform(network => ({
    ...network,
    blockMask: network.blockMask ?? addressBits[familyOf(network.cidr)] - defaultBlockBits(network.cidr),
  }));

const LabRack = z.strictObject({
  name: Name,
  segment: z.enum(['l2', 'l3']),
  protocol: z.enum(['bgp', 'ospf']),
  tor: z.strictObject({name: Name.optional(), daemon: RouterDaemon.default('bird'), as: AsNumber.optional()}).prefault({}),
  hostAs: AsNumber.default(65_534),
  hosts: z.union([z.int().min(1).max(60), z.array(Name).min(1).max(60)], 'expected a number from 1 to 60, or a list of names'),
});

export type LabFile = z.infer<typeof LabFile>;

/** What a lab file says, defaults filled in. See README.md in this folder. */
export const LabFile = z.strictObject({
  name: Name,
  networks: z.array(LabNetwork).min(1),
  racks: z.array(LabRack).min(1).max(64),
  spines: z
    .strictObject({count: z.int().min(1).max(8).default(1), daemon: RouterDaemon.default('bird'), as: AsNumber.default(65_000)})
    .prefault({}),
  fabric: z
    .strictObject({ipv4: Cidr.default(parsePrefix('192.168.0.0/16')), ipv6: Cidr.default(parsePrefix('fd52:6f6d:616e::/48'))})
    .prefault({}),
  management: Cidr.default(parsePrefix('172.30.0.0/22')),
  bfd: z
    .union([z.literal(false), z.strictObject({intervalMs: z.int().min(10), multiplier: z.int().min(1)})])
    .default({intervalMs: 100, multiplier: 3}),
});

export type LabRack = LabFile['racks'][number];
export type LabNetwork = LabFile['networks'][number];

function defaultBlockBits(cidr: Prefix): number {
  return familyOf(cidr) === 'ipv4' ? 3 : 6;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sentenceOf(issue: z.core.$ZodIssue): string {
  const value = issue.input === undefined ? '' : ` (got ${JSON.stringify(issue.input)})`;
  return `${issue.path.join('.') || 'the file'}: ${issue.message}${value}`;
}
