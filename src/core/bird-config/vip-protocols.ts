import {addressBits, familyOf, isAddress, type Prefix, parseAddress, parsePrefix} from '../prefix.ts';
import type {BirdConfig, ProtocolConfig} from './model.ts';

/**
 * The VIPs that a direct protocol lets in, one by one by their addresses; undefined of any other protocol. They come and go without harm to any
 * session, as the routes of static protocols do.
 */
export function vipsOf({kind, channels}: ProtocolConfig): readonly Prefix[] | undefined {
  if (kind !== 'direct' || channels.size === 0) return undefined;
  const lists = [...channels.values()].map(options => hostPrefixes(options.get('import')?.text ?? ''));
  return lists.every(list => list !== undefined) ? lists.flat() : undefined;
}

/** All VIPs that a configuration lets in. */
export function vipsIn({protocols}: BirdConfig): Prefix[] {
  return [...protocols.values()].flatMap(protocol => (protocol.isDisabled ? [] : (vipsOf(protocol) ?? [])));
}

/** The text of a filter as it would be if it did not also let the routes of these protocols pass. */
export function withoutProtocols(text: string, names: ReadonlySet<string>): string {
  if (names.size === 0) return text;
  const less = text.replaceAll(mention, (whole, or?: string, and?: string) => (names.has(or ?? and ?? '') ? '' : whole));
  return less === text ? text : less.replaceAll(loneComparison, '$1');
}

const mention = / \|\| proto = "([^"]*)"| && proto != "([^"]*)"/g;
const loneComparison = /(?<=(?:where|&&|\|\|) )\((proto = "[^"]*")\)/g;

function hostPrefixes(filter: string): Prefix[] | undefined {
  const [, list] = /^where net ~ \[([^\][]+)\]$/.exec(filter) ?? [];
  const items = list?.split(',').map(item => item.trim());
  return items?.every(isHostPrefix) === true ? items.map(parsePrefix) : undefined;
}

function isHostPrefix(text: string): boolean {
  const [address = '', length = ''] = text.split('/');
  return isAddress(address) && length === String(addressBits[familyOf(parseAddress(address))]);
}
