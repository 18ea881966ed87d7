import {greatestMtu, interfaceNameRule, isInterfaceName, leastMtu, namespacePathOf} from '../core/endpoint-input.ts';
import {InputError} from '../core/errors.ts';
import {isAddress} from '../core/prefix.ts';

/** What `romana endpoint add` was called with, as it was typed. */
export interface EndpointFlags {
  readonly ip: readonly string[];
  readonly interface?: string;
  readonly netns?: string;
  readonly ifname?: string;
  readonly local?: true;
  readonly mtu?: string;
}

/** What the agent is asked for (PUT /endpoints/{name}). Throws InputError ERR_USAGE that names every flag that is wrong, with its value. */
export function parseEndpointFlags({ip: ips, mtu: mtuText, ...flags}: EndpointFlags): object {
  const {interface: dev, netns, ifname, local} = flags;
  const mtu = mtuText === undefined ? undefined : Number(mtuText);
  const check = (flag: string, value: string | undefined, isGood: (text: string) => boolean, expected: string) =>
    value === undefined || isGood(value) ? [] : [`--${flag} ${shown(value)}: expected ${expected}`];
  const isGoodMtu = (text: string) => /^\d+$/.test(text) && Number(text) >= least && Number(text) <= greatestMtu;
  const least = leastMtu[ips.some(ip => ip.includes(':')) ? 'ipv6' : 'ipv4'];
  const problems = [
    ...ips.flatMap(ip => check('ip', ip, isAddress, 'an IPv4 or IPv6 address, without a length')),
    ...([dev, netns, local].filter(way => way !== undefined).length === 1 ? [] : ['expected one of --interface, --netns and --local']),
    ...check('interface', dev, isInterfaceName, interfaceNameRule),
    ...check('netns', netns, text => namespacePathOf(text) !== undefined, 'the name or the absolute path of a network namespace'),
    ...check('ifname', ifname, isInterfaceName, interfaceNameRule),
    ...check('ifname', ifname, () => netns !== undefined, '--netns with it'),
    ...check('mtu', mtuText, isGoodMtu, `${least} to ${greatestMtu} bytes`),
    ...check('mtu', mtuText, () => local === undefined, 'no --local with it, which has no interface of its own'),
  ];
  if (problems.length === 0) return {ips, ...flags, ...(mtu !== undefined && {mtu})};
  throw new InputError('ERR_USAGE', `cannot add the endpoint: ${problems.join('; ')}`);
}

/** As it was typed, unless one could not see it or a terminal would not bear it. */
function shown(value: string): string {
  return /^[!-~]+$/.test(value) ? value : JSON.stringify(value);
}
