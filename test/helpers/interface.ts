import type {Interface} from '../../src/core/node-state.ts';
import {parseInterfaceAddress} from '../../src/core/prefix.ts';

/** An interface by "name kind address…", switched on; "-" for a device of the machine itself, "tun" has no neighbours. */
export function interfaceOf(text: string): Interface {
  const [name = '', kind = '', ...addresses] = text.split(' ').filter(Boolean);
  return {
    index: 1,
    name,
    kind: kind === '-' ? '' : kind,
    mac: name === 'lo' ? '00:00:00:00:00:00' : kind === 'tun' ? '' : '02:00:00:00:00:01',
    mtu: 1500,
    isUp: true,
    addresses: addresses.map(address => ({
      ...parseInterfaceAddress(address),
      scope: address.startsWith('fe80:') ? 'link' : 'global',
      metric: 0,
      label: '',
    })),
  };
}
