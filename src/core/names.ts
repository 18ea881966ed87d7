import {isAddress} from './prefix.ts';

/** True for a name that an address may have: 1 to 253 letters, digits and `. _ - : /`, and not itself an IP. */
export function isAddressName(text: string): boolean {
  return /^[A-Za-z0-9._:/-]{1,253}$/.test(text) && !isAddress(text);
}

/** True for a name that a VIP may have: like that of an address, and such that it can be a path, which has no empty steps, `.` or `..`. */
export function isVipName(text: string): boolean {
  return isAddressName(text) && text.split('/').every(part => part !== '' && part !== '.' && part !== '..');
}

/** The length of the longest name of a host. */
export const maxHostName = 253;

/** True for a name that a host may have: one that can be a part of a key and of a path, without control characters, and no IP. */
export function isHostName(text: string): boolean {
  const isUsable = text !== '' && text !== '.' && text !== '..' && !isAddress(text) && isPrintable(text);
  return isUsable && text.length <= maxHostName && text.isWellFormed();
}

/** True for text that may stand in a table on a terminal: without control characters. */
export function isPrintable(text: string): boolean {
  return !/[\x00-\x1f\x7f-\x9f]/.test(text);
}

/** True for a name that a tenant or a segment may have: letters, digits and `_ - .`; it may be empty. */
export function isOwnerName(text: string): boolean {
  return /^[A-Za-z0-9_.-]*$/.test(text);
}
