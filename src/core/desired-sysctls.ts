import {linksOf} from './links.ts';
import {type NodeState, uplinksOf} from './node-state.ts';
import {type Family, familyOf} from './prefix.ts';

/** A setting of the kernel, by its path under /proc/sys/net, such as "ipv4/conf/eth0/rp_filter". */
export interface Sysctl {
  readonly path: string;
  readonly value: string;
  /** What it was when the pass began. */
  readonly present: string;
}

/**
 * What a host needs to forward for its endpoints, in the order in which to set it. What serves as it is stays as it is, and what the kernel does not have is
 * left out. Why each: src/agent/README.md.
 */
export function desiredSysctls(node: NodeState): Sysctl[] {
  const {settings, kernelSettings} = node;
  if (!settings.routes.enabled && !settings.publish.enabled) return [];
  const want = (path: string, value: string, isFine: (present: string) => boolean): Sysctl[] => {
    const present = kernelSettings.values.get(path);
    return present === undefined ? [] : [{path, value: isFine(present) ? present : value, present}];
  };
  const families = familiesOf(node);
  return [
    ...(families.has('ipv6') ? advertisedSysctls(node, want) : []),
    ...(families.has('ipv4') ? ipv4Sysctls(node, want) : []),
    ...(families.has('ipv6') ? want('ipv6/conf/all/forwarding', '1', isOn) : []),
  ];
}

type Want = (path: string, value: string, isFine: (present: string) => boolean) => Sysctl[];

const isOn = (present: string) => Number(present) !== 0;

/** The families that this host forwards: its own, and those of the networks. */
function familiesOf({self, state}: NodeState): ReadonlySet<Family> {
  return new Set([...self.addresses.map(({address}) => address), ...state.trees.map(({network}) => network.cidr)].map(familyOf));
}

/**
 * A host that forwards listens to router advertisements only with accept_ra 2: with 1, the default route that it has from them would go as soon as it forwards.
 * Where nothing is learned from them today, nothing shall be tomorrow.
 */
function advertisedSysctls(node: NodeState, want: Want): Sysctl[] {
  const {values, learnsRoutes} = node.kernelSettings;
  const links = new Set(linksOf(node).map(({name}) => name));
  const listens = (name: string) => learnsRoutes.has(name) || (links.has(name) && !isOn(values.get(`ipv6/conf/${name}/forwarding`) ?? '1'));
  return [...new Set([...links, ...learnsRoutes])]
    .toSorted()
    .map(name => ({name, present: values.get(`ipv6/conf/${name}/accept_ra`)}))
    .filter(({name, present}) => present === '2' || (present === '1' && listens(name)))
    .flatMap(({name}) => want(`ipv6/conf/${name}/accept_ra`, '2', present => present === '2'));
}

function ipv4Sysctls(node: NodeState, want: Want): Sysctl[] {
  const {values} = node.kernelSettings;
  // Of these the kernel takes the higher one.
  const forAll = (setting: string) => Number(values.get(`ipv4/conf/all/${setting}`) ?? 0);
  const links = linksOf(node);
  const own = uplinksOf(node).filter(({name}) => name !== 'lo');
  return [
    ...want('ipv4/ip_forward', '1', isOn),
    // After the one for all, which sets it on every interface.
    ...(own.length > 0 ? own : links).flatMap(({name}) => want(`ipv4/conf/${name}/forwarding`, '1', isOn)),
    ...(links.length < 2
      ? []
      : links.flatMap(({name}) =>
          want(`ipv4/conf/${name}/rp_filter`, '2', present => Math.max(forAll('rp_filter'), Number(present)) !== 1),
        )),
    ...links.flatMap(({name}) =>
      want(`ipv4/conf/${name}/arp_announce`, '2', present => Math.max(forAll('arp_announce'), Number(present)) >= 2),
    ),
  ];
}
