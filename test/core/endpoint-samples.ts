import type {Attachment, Endpoint, EndpointFacts} from '../../src/core/endpoint.ts';
import type {AssignedAddress, Interface, NodeState} from '../../src/core/node-state.ts';
import {parseAddress, parseInterfaceAddress, parsePrefix} from '../../src/core/prefix.ts';
import type {AllocatedAddress} from '../../src/core/state.ts';
import {nodeState} from '../helpers/node-state.ts';

/** "10.1.0.1 fd00::401" */
export function endpoint(name: string, ips: string, attachment: Attachment = {kind: 'local'}): Endpoint {
  return {name, ips: ips.split(' ').map(parseAddress), attachment, handle: `rom-${name}`};
}

export const tap = (dev: string, mtu?: number): Attachment => ({kind: 'interface', dev, mtu});
export const netns = (name: string, mtu?: number): Attachment => ({kind: 'netns', netns: `/run/netns/${name}`, ifname: 'eth0', mtu});

export function device(
  name: string,
  {addresses = [], ...others}: Partial<Omit<Interface, 'addresses'>> & {addresses?: readonly string[]} = {},
): Interface {
  const assigned = addresses.map((text): AssignedAddress => ({...parseInterfaceAddress(text), scope: 'global', metric: 0, label: name}));
  return {index: 1, name, kind: 'tun', mac: '', mtu: 1500, isUp: true, isEnabled: true, ...others, addresses: assigned};
}

export interface Situation {
  readonly wanted?: EndpointFacts['wanted'];
  /** "web 17": the namespace's name and its number. */
  readonly namespaces?: readonly string[];
  readonly interfaces?: readonly Interface[];
  readonly mainRoutes?: NodeState['mainRoutes'];
  readonly blocks?: readonly string[];
  /** "10.1.0.1 host-1 web-1": address, host and name. */
  readonly addresses?: readonly string[];
  readonly ownAddresses?: readonly string[];
}

export const uplink = device('eth0', {kind: '', addresses: ['192.168.20.30/24', '2001:db8::30/64']});

/** The state of host-1, which has the blocks 10.1.0.0/29 and fd00::400/122 and one uplink. */
export function situation(options: Situation = {}): NodeState & {readonly endpoints: EndpointFacts} {
  const {wanted = [], namespaces = [], interfaces = [uplink], mainRoutes = [], addresses = []} = options;
  const {blocks = ['10.1.0.0/29', 'fd00::400/122'], ownAddresses = ['192.168.20.30/24', '2001:db8::30/64']} = options;
  const records = addresses.map((text): AllocatedAddress => {
    const [ip = '', host = '', name = ''] = text.split(' ');
    return {name, ip: parseAddress(ip), block: parsePrefix('10.1.0.0/29'), host, tenant: '', segment: '', allocatedAt: ''};
  });
  const base = nodeState({blocks, addresses: ownAddresses});
  return {
    ...base,
    state: {...base.state, addresses: new Map(records.map(record => [record.ip, record]))},
    interfaces,
    mainRoutes,
    endpoints: {
      wanted,
      namespaces: new Map(
        namespaces.map(text => {
          const [name = '', id = ''] = text.split(' ');
          return [`/run/netns/${name}`, id];
        }),
      ),
      gateways: {ipv4: parseAddress('169.254.1.1'), ipv6: parseAddress('fe80::1')},
    },
  };
}
