import type {Family} from './prefix.ts';

/** What isInterfaceName takes, for messages. */
export const interfaceNameRule = '1 to 15 letters, digits and . _ - @, not beginning with -, and not "all", "default", "." or ".."';

/**
 * True for the name of a network interface that may stand in a line of `ip -batch` and in a path of /proc/sys. The kernel would take others too
 * (dev_valid_name of its net/core/dev.c): "a#b" would end such a line, and "all" and "default" are there what goes for every interface.
 */
export function isInterfaceName(text: string): boolean {
  return /^[A-Za-z0-9._@][A-Za-z0-9._@-]{0,14}$/.test(text) && !['.', '..', 'all', 'default'].includes(text);
}

/** The path of a network namespace by its path, or by its name with `ip netns`; undefined for what is neither. */
export function namespacePathOf(text: string): string | undefined {
  const path = text.includes('/') ? text : `/run/netns/${text}`;
  // It goes into command lines, too.
  return path.startsWith('/') && /^[!-~]+$/.test(path) && !/["#'\\]/.test(path) && text !== '' ? path : undefined;
}

/** In bytes: the smallest that IPv4 and IPv6 can do with (RFC 791, RFC 8200), and the largest that an interface may have. */
export const leastMtu: Readonly<Record<Family, number>> = {ipv4: 68, ipv6: 1280};
export const greatestMtu = 65_535;

/** True for the name of an endpoint that can be the last step of a path, in which "." and ".." mean others. */
export function isPathStep(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..';
}
