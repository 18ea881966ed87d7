import type {Unserved} from './topology-plan-demand.ts';
import type {GroupPlan, NetworkPlan, PlannedLoad} from './topology-plan-model.ts';
import {capitalise, renderAmount, renderGroup, renderGroups, renderNumberOf} from './topology-plan-text.ts';

export interface ProblemFacts {
  readonly networks: readonly NetworkPlan[];
  readonly load: PlannedLoad;
  readonly unserved: readonly Unserved[];
}

/** What gets no address, a sentence for each group that is too small; one for all of a network where they are many. */
export function planProblems({networks, load, unserved}: ProblemFacts): string[] {
  const byLeaf = new Map<GroupPlan, bigint>();
  const leaves = networks.flatMap(({groups}) => groups.filter(({isLeaf}) => isLeaf));
  const leafAt = new Map(leaves.map(leaf => [leaf.cidr, leaf]));
  for (const {leaf, endpoints} of unserved) {
    const plan = leafAt.get(leaf.cidr);
    if (plan !== undefined) byLeaf.set(plan, (byLeaf.get(plan) ?? 0n) + endpoints);
  }
  return networks.flatMap(plan => {
    const full = plan.groups.filter(group => byLeaf.has(group));
    const sentences = full.map(group => tooSmall(group, plan, load, byLeaf.get(group) ?? 0n));
    if (sentences.length <= mostSentences) return sentences;
    const endpoints = full.reduce((sum, group) => sum + (byLeaf.get(group) ?? 0n), 0n);
    const all = `${renderGroups(full.length, full[0]?.level ?? '')} of network ${plan.network.name} are too small, ${renderNumberOf(endpoints, 'endpoint')} get no address.`;
    return [`${all} The first: ${sentences[0]}`];
  });
}

const mostSentences = 3;

function tooSmall(group: GroupPlan, {network}: NetworkPlan, {endpointsPerHost}: PlannedLoad, endpoints: bigint): string {
  const {blocks, hosts, neededBlocks} = group;
  const carried = endpointsPerHost === undefined ? '' : ` with ${renderNumberOf(endpointsPerHost, 'endpoint')} each`;
  const has = `has ${renderNumberOf(blocks.capacity - blocks.blackedOut, 'block')} of /${network.blockMask}`;
  const needs = `${renderNumberOf(hosts, 'host')}${carried} ${hosts === 1 ? 'needs' : 'need'} ${renderAmount(neededBlocks)}`;
  return `${capitalise(renderGroup(group, network))} ${has}, its ${needs}: ${renderNumberOf(endpoints, 'endpoint')} ${endpoints === 1n ? 'gets' : 'get'} no address.`;
}
