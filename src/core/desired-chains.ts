import {linksOf} from './links.ts';
import type {NodeState} from './node-state.ts';
import {comparePrefixes, type Family, familyOf, joinPrefixes, type Prefix} from './prefix.ts';

/** A chain of ours with all its rules, each as iptables takes it after "-A NAME". */
export interface Chain {
  readonly family: Family;
  readonly table: string;
  /** At most 28 characters. */
  readonly name: `ROMANA-${string}`;
  readonly rules: readonly string[];
  /** The built-in chain that leads to it, by a rule before or behind all others that are there then; without it only other chains of ours lead to it. */
  readonly from?: {readonly chain: string; readonly place: 'first' | 'last'};
}

/** The chains for NAT and for what is forwarded, as far as each is switched on, for every family that a network has. */
export function desiredChains(node: NodeState): Chain[] {
  const {nat, forward} = node.settings;
  return (['ipv4', 'ipv6'] as const).flatMap(family => {
    const networks = node.state.trees.map(({network}) => network.cidr).filter(isOf(family));
    if (networks.length === 0) return [];
    const sorted = networks.toSorted(comparePrefixes);
    return [...(nat.enabled ? masqueradeChains(node, family, sorted) : []), ...(forward.accept ? [acceptChain(family, sorted)] : [])];
  });
}

/**
 * What endpoints send to somewhere that is no endpoint's gets an address of this host where it leaves. Behind all other rules: whoever has said something
 * of these packets already is right.
 */
function masqueradeChains(node: NodeState, family: Family, networks: readonly Prefix[]): Chain[] {
  const {nat, serviceRange} = node.settings;
  const inside = joinPrefixes([...networks, ...[...serviceRange, ...nat.exclude].filter(isOf(family))]);
  const links = linksOf(node).map(({name}) => name);
  return [
    {
      family,
      table: 'nat',
      name: 'ROMANA-MASQ',
      from: {chain: 'POSTROUTING', place: 'last'},
      rules: networks.map(network => `-s ${network} -j ROMANA-MASQ-OUT`),
    },
    {
      family,
      table: 'nat',
      name: 'ROMANA-MASQ-OUT',
      rules: [...inside.map(prefix => `-d ${prefix} -j RETURN`), ...links.toSorted().map(name => `-o ${name} -j MASQUERADE`)],
    },
  ];
}

/** Behind all other rules: what somebody refuses stays refused, and only what nobody has said anything of is accepted, whatever the policy of the chain. */
function acceptChain(family: Family, networks: readonly Prefix[]): Chain {
  return {
    family,
    table: 'filter',
    name: 'ROMANA-ACCEPT',
    from: {chain: 'FORWARD', place: 'last'},
    rules: networks.flatMap(network => [`-s ${network} -j ACCEPT`, `-d ${network} -j ACCEPT`]),
  };
}

function isOf(family: Family): (prefix: Prefix) => boolean {
  return prefix => familyOf(prefix) === family;
}
