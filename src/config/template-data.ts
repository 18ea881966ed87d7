import {z} from 'zod';
import {InputError, messageOf} from '../core/errors.ts';
import {
  compareAddresses,
  familyOf,
  hostPrefix,
  type InterfaceAddress,
  type Prefix,
  parseAddress,
  parseInterfaceAddress,
  parsePrefix,
} from '../core/prefix.ts';
import type {TemplateSource} from '../core/publish.ts';
import {describeProblem} from './problems.ts';

/** Parses what the templates of a host are rendered with (contract, section 3); `source` names it in errors. Throws InputError with every problem. */
export function parseTemplateData(text: string, source: string): TemplateSource {
  const document = parseJson(text, source);
  const result = TemplateDataFile.safeParse(document);
  if (!result.success) {
    const problems = result.error.issues.flatMap(issue => describeProblem(issue, document));
    throw new InputError('ERR_CONFIG', [`cannot use the data in ${source}:`, ...problems].join('\n  '));
  }
  const {host, localAS, networks, groups, blocks, vips, vipPool, vars, draining} = result.data;
  const given = (blocks ?? networks.map(cidr => ({cidr, tenant: '', segment: '', network: '', count: 0}))).map(block => ({
    CIDR: block.cidr,
    Tenant: block.tenant,
    Segment: block.segment,
    Network: block.network,
    Count: block.count,
  }));
  return {
    self: {name: host.name, addresses: host.address.toSorted((a, b) => compareAddresses(a.address, b.address))},
    tags: host.tags,
    localAs: localAS,
    networks,
    groups: Object.fromEntries(
      Object.entries(groups).map(([network, {cidr, name, path, hosts}]) => [network, {CIDR: cidr, Name: name, Path: path, Hosts: hosts}]),
    ),
    readBlocks: () => given,
    vips,
    vipPool,
    vars,
    draining,
  };
}

const oneOfEach = 'expected address/length, such as 192.168.20.30/24, or a list of one IPv4 and one IPv6';
const HostAddress = parsed(oneOfEach, parseInterfaceAddress);
const Cidr = parsed('expected address/length, such as 10.1.0.0/29', parsePrefix);
const Vip = parsed('expected an address, such as 192.168.99.101', parseVip);
const Text = z.string().default('');

const TemplateDataFile = z.strictObject({
  host: z.strictObject({
    name: z.string().min(1),
    address: z.union([HostAddress.transform(one => [one]), z.array(HostAddress).min(1).refine(haveOwnFamilies, oneOfEach)], {
      error: oneOfEach,
    }),
    tags: z.record(z.string(), z.string()).default({}),
  }),
  localAS: z.int().min(1).max(4_294_967_295).default(65534),
  networks: z.array(Cidr).default([]),
  groups: z.record(z.string(), z.strictObject({cidr: Cidr, name: Text, path: Text, hosts: z.array(z.string()).default([])})).default({}),
  blocks: z.array(z.strictObject({cidr: Cidr, tenant: Text, segment: Text, network: Text, count: z.int().min(0).default(0)})).optional(),
  vips: z.array(Vip).default([]),
  vipPool: z.array(Vip).default([]),
  vars: z.record(z.string(), z.unknown()).default({}),
  draining: z.boolean().default(false),
});

/** Text that a parser of ours takes; its value is what the parser gives. */
function parsed<Value>(expected: string, parse: (text: string) => Value) {
  return z.string(expected).transform((text, context) => {
    try {
      return parse(text);
    } catch {
      context.addIssue({code: 'custom', message: expected});
      return z.NEVER;
    }
  });
}

/** An address, with or without the length that makes it a prefix of its own. */
function parseVip(text: string): Prefix {
  const own = hostPrefix(parseAddress(text.split('/')[0] ?? ''));
  if (text.includes('/') && parsePrefix(text) !== own) throw new InputError('ERR_PREFIX', `${text} is more than one address`);
  return own;
}

function haveOwnFamilies(addresses: readonly InterfaceAddress[]): boolean {
  return new Set(addresses.map(({address}) => familyOf(address))).size === addresses.length;
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError('ERR_CONFIG', `cannot read the data in ${source}: ${messageOf(error)}`, {cause: error});
  }
}
