import type {NodeState} from './node-state.ts';
import {type Family, familyOf} from './prefix.ts';

/** A FORWARD chain that drops what none of its rules accepts. */
export interface DroppingChain {
  readonly family: Family;
  /** What an operator sees it with, such as iptables-nft. */
  readonly command: string;
  /** Whether there are chains of ours. */
  readonly isOurs: boolean;
}

/** What an operator is to know about chains that drop what endpoints send and get; undefined where there is nothing to say. */
export function warnOfDropping({settings, state}: NodeState, dropping: readonly DroppingChain[]): string | undefined {
  if (!settings.routes.enabled && !settings.publish.enabled) return undefined;
  const families = new Set(state.trees.map(({network}) => familyOf(network.cidr)));
  const found = dropping.filter(({family, isOurs}) => families.has(family) && !(settings.forward.accept && isOurs));
  if (found.length === 0) return undefined;
  const commands = found.map(({command}) => command).join(', ');
  const what = `FORWARD has the policy DROP (${commands}): packets of endpoints are dropped unless a rule accepts them`;
  if (!settings.forward.accept) return `${what}: have one of your own, or set agent.forward.accept: true`;
  return `${what}, and those of agent.forward.accept are not there: have one of your own`;
}
