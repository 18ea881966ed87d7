import {attachedEndpoints} from './attached-endpoints.ts';
import {knownEndpoints} from './endpoint.ts';
import type {NodeState} from './node-state.ts';
import {type Address, familyOf} from './prefix.ts';

/** How an interface that leads to a workload is set up on the host. */
export interface EndpointPort {
  readonly dev: string;
  /** The second name by which an interface of somebody else's is known to be in use; the name itself of one of ours. */
  readonly handle: string;
  /** The mark of our veth pair, which tells it from one that is still to go; '' for an interface of somebody else's. */
  readonly mark: string;
  readonly isEnabled: boolean;
  /** Only where another one was asked for. */
  readonly mtu?: number | undefined;
  /** The address that an IPv6 workload sends everything to. IPv4 has none: the host answers for it by proxy ARP. */
  readonly gateway6?: Address | undefined;
  /** Settings of the kernel, by PortSetting. */
  readonly settings: Readonly<Partial<Record<PortSetting, string>>>;
  /** Whose it is; not known of what is found. */
  readonly endpoint?: string;
}

/** What of the kernel's settings is ours on such an interface; the paths stand in drivers/port-settings.ts. */
export type PortSetting = 'forwarding' | 'proxy_arp' | 'proxy_delay' | 'rp_filter' | 'accept_ra' | 'disable_ipv6';

/** One port for each interface of an endpoint. */
export function desiredEndpointPorts(node: NodeState): EndpointPort[] {
  const {gateways} = knownEndpoints(node);
  return attachedEndpoints(node).map(({name, dev, mark, handle, ips, attachment}) => {
    const families = new Set(ips.map(familyOf));
    return {
      dev,
      handle,
      mark,
      isEnabled: true,
      mtu: attachment.kind === 'interface' ? attachment.mtu : undefined,
      gateway6: families.has('ipv6') ? gateways.ipv6 : undefined,
      settings: {
        // A workload sends from its own addresses only, and tells this host nothing about routes.
        rp_filter: '1',
        accept_ra: '0',
        // Of its own accord the kernel would wait for most of a second before it answers for another.
        ...(families.has('ipv4') ? {forwarding: '1', proxy_arp: '1', proxy_delay: '0'} : {proxy_arp: '0'}),
        ...(families.has('ipv6') && {disable_ipv6: '0'}),
      },
      endpoint: name,
    };
  });
}
