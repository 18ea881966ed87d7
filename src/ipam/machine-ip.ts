import {InputError} from '../core/errors.ts';
import {type Address, isAddress, isIpv4Mapped, parseAddress} from '../core/prefix.ts';

/** Parses an IP that one machine can have. `what` says what it is for: "host IP". Throws InputError ERR_INVALID. */
export function parseMachineIp(what: string, text: string): Address {
  if (!isAddress(text)) {
    throw new InputError('ERR_INVALID', `Invalid ${what} ${JSON.stringify(text)}, expected an IPv4 or IPv6 address.`);
  }
  const ip = parseAddress(text);
  if (isIpv4Mapped(ip) || ofNoMachine.test(ip)) {
    throw new InputError('ERR_INVALID', `Invalid ${what} ${ip}, expected the address of one machine.`);
  }
  return ip;
}

/** Unspecified, multicast and broadcast addresses. */
const ofNoMachine = /^(?:0\.0\.0\.0|::|2(?:2[4-9]|3\d)\..*|255\.255\.255\.255|ff..:.*)$/;

/** Parses the IP of a VIP: one that goes from host to host, and that others reach. Throws InputError ERR_INVALID. */
export function parseVipIp(text: string): Address {
  const ip = parseMachineIp('VIP', text);
  if (ofOneLink.test(ip)) throw new InputError('ERR_INVALID', `Invalid VIP ${ip}, expected an address that other hosts can reach.`);
  return ip;
}

/** Loopback addresses, and those of IPv6 that hold on one link only. */
const ofOneLink = /^(?:127\..*|::1|fe[89ab].:.*)$/;
