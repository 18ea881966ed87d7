import {createHash} from 'node:crypto';
import {z} from 'zod';
import type {Attachment, Endpoint} from '../core/endpoint.ts';
import {greatestMtu, interfaceNameRule, isInterfaceName, isPathStep, leastMtu, namespacePathOf} from '../core/endpoint-input.ts';
import {InputError, messageOf} from '../core/errors.ts';
import {isAddressName} from '../core/names.ts';
import {compareAddresses, familyOf, isAddress, parseAddress} from '../core/prefix.ts';
import {parsePart} from '../rest/route.ts';

/** An endpoint as it is asked for and kept: where it is, in one of three forms. */
export type EndpointRecord = z.infer<typeof EndpointRecord>;
export const EndpointRecord = z.strictObject({
  ips: z.array(z.string().refine(isAddress, 'expected an IP address')).min(1).max(32),
  /** An interface of this host that leads to the workload already. */
  interface: z.string().optional(),
  /** A network namespace, by its name or path, that gets a veth pair, and what the interface is called in there. */
  netns: z.string().optional(),
  ifname: z.string().optional(),
  /** The workload is a process of this host. */
  local: z.literal(true).optional(),
  /** In bytes. */
  mtu: z.int().min(leastMtu.ipv4).max(greatestMtu).optional(),
});

const EndpointFile = z.strictObject({
  version: z.literal(1),
  endpoints: z.array(z.strictObject({name: z.string(), ...EndpointRecord.shape})),
});

/** An endpoint out of what was asked for. Throws InputError, ERR_MALFORMED or ERR_INVALID, with a sentence. */
export function parseEndpoint(name: string, record: EndpointRecord): Endpoint {
  if (!isAddressName(name) || !isPathStep(name)) {
    throw new InputError(
      'ERR_INVALID',
      `The name ${JSON.stringify(name)} is not valid for an endpoint; expected 1 to 253 letters, digits and ". _ - : /", no IP address, and not "." or "..".`,
    );
  }
  const ips = [...new Set(record.ips.map(parseAddress))].toSorted(compareAddresses);
  if (record.mtu !== undefined && record.mtu < leastMtu.ipv6 && ips.some(ip => familyOf(ip) === 'ipv6')) {
    throw new InputError('ERR_INVALID', `Field mtu: IPv6 needs at least ${leastMtu.ipv6} bytes.`);
  }
  return {name, ips, attachment: parseAttachment(record), handle: handleOf(name)};
}

/** What parseEndpoint makes an endpoint of. */
export function recordOf({ips, attachment}: Endpoint): EndpointRecord {
  const own = {ips: [...ips]};
  if (attachment.kind === 'local') return {...own, local: true};
  const {mtu} = attachment;
  const size = mtu === undefined ? {} : {mtu};
  if (attachment.kind === 'interface') return {...own, interface: attachment.dev, ...size};
  return {...own, netns: attachment.netns, ifname: attachment.ifname, ...size};
}

/** The endpoints that a file lists. Throws an error that says what is wrong with it, in one line and without an end. */
export function parseEndpointFile(text: string): Endpoint[] {
  try {
    return parseEndpoints(parsePart(EndpointFile, 'file', parseJson(text)));
  } catch (error) {
    throw new InputError('ERR_ENDPOINTS_FILE', messageOf(error).replace(/\.$/, ''), {cause: error});
  }
}

function parseJson(text: string): unknown {
  if (text.trim() === '') throw new InputError('ERR_ENDPOINTS_FILE', 'it is empty');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError('ERR_ENDPOINTS_FILE', `it is not JSON: ${messageOf(error).replaceAll(/\s+/g, ' ')}`, {cause: error});
  }
}

function parseEndpoints({endpoints}: z.infer<typeof EndpointFile>): Endpoint[] {
  return endpoints.map(({name, ...record}) => parseEndpoint(name, record));
}

/** The text that parseEndpointFile reads. */
export function renderEndpointFile(endpoints: readonly Endpoint[]): string {
  const list = endpoints.map(endpoint => ({name: endpoint.name, ...recordOf(endpoint)}));
  return `${JSON.stringify({version: 1, endpoints: list}, undefined, 2)}\n`;
}

function parseAttachment({interface: dev, netns, ifname, local, mtu}: EndpointRecord): Attachment {
  if ([dev, netns, local].filter(way => way !== undefined).length !== 1) {
    throw new InputError('ERR_MALFORMED', 'Exactly one of the fields interface, netns and local is required.');
  }
  if (ifname !== undefined && netns === undefined) {
    throw new InputError('ERR_MALFORMED', 'Field ifname: only an endpoint with a netns has one.');
  }
  if (local === true) {
    if (mtu !== undefined) throw new InputError('ERR_MALFORMED', 'Field mtu: a local endpoint has no interface of its own.');
    return {kind: 'local'};
  }
  if (dev !== undefined) return {kind: 'interface', dev: interfaceName('interface', dev), mtu};
  return {kind: 'netns', netns: namespacePath(netns ?? ''), ifname: interfaceName('ifname', ifname ?? 'eth0'), mtu};
}

function interfaceName(field: string, text: string): string {
  if (isInterfaceName(text)) return text;
  throw new InputError('ERR_INVALID', `Field ${field}: ${JSON.stringify(text)} is no name of an interface; expected ${interfaceNameRule}.`);
}

/** A path stays as it is; a name is one of `ip netns`. */
function namespacePath(text: string): string {
  const path = namespacePathOf(text);
  if (path !== undefined) return path;
  throw new InputError('ERR_INVALID', `Field netns: ${JSON.stringify(text)} is no name nor absolute path of a network namespace.`);
}

/** Of 15 characters, which is what the kernel takes. */
function handleOf(name: string): string {
  return `rom${createHash('sha256').update(name).digest('hex').slice(0, 11)}`;
}
