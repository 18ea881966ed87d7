import {type PortRange, protocolNumbers, type TrafficRule} from './policy.ts';
import type {RuleShape} from './policy-shape.ts';

/**
 * Parses one kind of traffic. What is wrong with it goes into `faults`, in the words of Romana's policy service; undefined where anything is. Numbers of protocols
 * as IANA has them, types and codes of ICMP as RFC 792 and RFC 4443.
 */
export function parseRule(shape: RuleShape, faults: string[]): TrafficRule | undefined {
  const before = faults.length;
  const protocol = parseProtocol(shape.protocol, faults);
  const ports = parsePorts(shape, faults);
  const icmp = parseIcmp(shape, protocol, faults);
  if (protocol === undefined || faults.length > before) return undefined;
  const isIcmp = protocol === protocolNumbers.icmp || protocol === protocolNumbers.icmpv6;
  if (isIcmp && ports.length > 0) faults.push('ICMP protocol is specified but ports are also specified.');
  else if (ports.length > 0 && !withPorts.has(protocol))
    faults.push('Ports are specified, but the protocol has none: they belong to tcp, udp and sctp.');
  if (faults.length > before) return undefined;
  return {protocol, ports, ...(icmp !== undefined && {icmp}), isStateful: shape.is_stateful ?? true};
}

const withPorts: ReadonlySet<unknown> = new Set([protocolNumbers.tcp, protocolNumbers.udp, protocolNumbers.sctp]);

function parseProtocol(value: RuleShape['protocol'], faults: string[]): TrafficRule['protocol'] | undefined {
  const text = String(value ?? '')
    .trim()
    .toLowerCase();
  if (text === '') faults.push('No protocol specified.');
  else if (text === 'any') return 'any';
  else if (/^\d{1,3}$/.test(text) && Number(text) > 0 && Number(text) <= 255) return Number(text);
  else {
    const named = Object.entries(protocolNumbers).find(([name]) => name === text);
    if (named !== undefined) return named[1];
    faults.push(`Invalid protocol: ${value}.`);
  }
  return undefined;
}

/** Single ports as ranges of one; neighbours are joined, so that the same set is always written in the same way. */
function parsePorts({ports, port_ranges}: RuleShape, faults: string[]): PortRange[] {
  const badPorts = (ports ?? []).filter(port => !isPort(port));
  if (badPorts.length > 0) faults.push(`The following ports are invalid: ${badPorts.join(', ')}.`);
  const badRanges = (port_ranges ?? []).filter(([first, last]) => !isPort(first) || !isPort(last) || first > last);
  if (badRanges.length > 0)
    faults.push(`The following port ranges are invalid: ${badRanges.map(([first, last]) => `${first}-${last}`).join(', ')}.`);
  const all = [...(ports ?? []).map((port): [number, number] => [port, port]), ...(port_ranges ?? [])];
  const joined: {first: number; last: number}[] = [];
  for (const [first, last] of all.toSorted(([a], [b]) => a - b)) {
    const before = joined.at(-1);
    if (before !== undefined && first <= before.last + 1) before.last = Math.max(before.last, last);
    else joined.push({first, last});
  }
  return joined;
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}

function parseIcmp(
  {icmp_type, icmp_code}: RuleShape,
  protocol: TrafficRule['protocol'] | undefined,
  faults: string[],
): TrafficRule['icmp'] {
  const highestCode = protocol === protocolNumbers.icmp ? icmpCodes : protocol === protocolNumbers.icmpv6 ? icmpv6Codes : undefined;
  if (highestCode === undefined) {
    // Some clients write 0 for what is not there.
    if ((icmp_type ?? 0) !== 0 || (icmp_code ?? 0) !== 0)
      faults.push('ICMP protocol is not specified but ICMP Code and/or ICMP Type are also specified.');
    return undefined;
  }
  if (icmp_type === undefined || icmp_type === null) {
    if (typeof icmp_code === 'number') faults.push(`ICMP code ${icmp_code} is specified but no ICMP type.`);
    return undefined;
  }
  if (icmp_type < 0 || icmp_type > 255) faults.push(`Invalid ICMP type: ${icmp_type}.`);
  else if (typeof icmp_code === 'number' && (icmp_code < 0 || icmp_code > (highestCode[icmp_type] ?? 0)))
    faults.push(`Invalid ICMP code for type ${icmp_type}: ${icmp_code}.`);
  return {type: icmp_type, ...(typeof icmp_code === 'number' && {code: icmp_code})};
}

const icmpCodes: Readonly<Record<number, number>> = {3: 15, 5: 3, 11: 1};
const icmpv6Codes: Readonly<Record<number, number>> = {1: 8, 3: 1, 4: 10};
