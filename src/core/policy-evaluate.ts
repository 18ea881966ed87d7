import {comparePolicies, type Direction, type Party, type Policy, type TrafficRule} from './policy.ts';
import {contains, overlaps, type Prefix} from './prefix.ts';

/** One end of a flow, with all that policies may know it by. */
export interface Side {
  /** Its address as a prefix of one, or, for a whole tenant, its blocks. Empty where nothing is known. */
  readonly prefixes: readonly Prefix[];
  /** Of an endpoint: whose it is, and the host that has it. A host is none. */
  readonly endpoint?: {readonly tenant: string; readonly segment: string; readonly host: string};
  /** The name of the host that it is. */
  readonly host?: string;
}

/** The first packet of something new. What belongs to what was let through already is not asked about. */
export interface Flow {
  readonly from: Side;
  readonly to: Side;
  readonly protocol: number;
  /** The destination port, of protocols that have ports. */
  readonly port?: number;
  readonly icmp?: {readonly type: number; readonly code: number};
}

/** What holds for traffic to endpoints that no policy is for. */
export type DefaultRule = 'tenant' | 'allow' | 'deny';

/** What becomes of a flow in one direction, and why. */
export interface Decision {
  readonly verdict: 'allow' | 'deny';
  /**
   * `policy`: a rule of it matches; `isolation`: policies are for this end, and none allows it; `default`: none is for it; `own-host`: a host and its own endpoints;
   * `outside`: that end is nobody's business here.
   */
  readonly by: 'policy' | 'isolation' | 'default' | 'own-host' | 'outside';
  /** The policy whose rule matches; with `isolation` the first that is for this end. */
  readonly policy?: Policy;
  /** Counted from 0. */
  readonly stanza?: number;
  readonly rule?: number;
}

export interface Evaluation {
  readonly verdict: 'allow' | 'deny';
  /** Decided where the sender is, then where the receiver is; both must allow. */
  readonly egress: Decision;
  readonly ingress: Decision;
  /** What would be if staged policies were in force; only where there are any for it. */
  readonly staged?: {readonly verdict: 'allow' | 'deny'; readonly egress: Decision; readonly ingress: Decision};
}

/** Says what becomes of a flow: src/policy/README.md in code. Policies may come in any order. */
export function evaluate(flow: Flow, policies: readonly Policy[], defaultRule: DefaultRule): Evaluation {
  const sorted = policies.toSorted(comparePolicies);
  const enforced = decide(
    flow,
    sorted.filter(({isStaged}) => !isStaged),
    defaultRule,
  );
  const isStaged = sorted.some(policy => policy.isStaged && isFor(policy, subjectOf(flow, policy.direction)));
  return {...enforced, ...(isStaged && {staged: decide(flow, sorted, defaultRule)})};
}

function decide(flow: Flow, policies: readonly Policy[], defaultRule: DefaultRule) {
  const egress = decideDirection('egress', flow, policies, defaultRule);
  const ingress = decideDirection('ingress', flow, policies, defaultRule);
  const verdict = egress.verdict === 'deny' || ingress.verdict === 'deny' ? 'deny' : 'allow';
  return {verdict, egress, ingress} as const;
}

function decideDirection(direction: Direction, flow: Flow, policies: readonly Policy[], defaultRule: DefaultRule): Decision {
  const subject = subjectOf(flow, direction);
  const peer = direction === 'ingress' ? flow.from : flow.to;
  if (subject.endpoint === undefined && subject.host === undefined) return {verdict: 'allow', by: 'outside'};
  if (subject.endpoint !== undefined && peer.host === subject.endpoint.host) return {verdict: 'allow', by: 'own-host'};
  const own = policies.filter(policy => policy.direction === direction && isFor(policy, subject));
  for (const policy of own) {
    for (const [stanza, {peers, rules}] of policy.stanzas.entries()) {
      if (!peers.some(party => isParty(party, peer))) continue;
      const rule = rules.findIndex(each => isTraffic(each, flow));
      if (rule !== -1) return {verdict: policy.action, by: 'policy', policy, stanza, rule};
    }
  }
  const isolating = own.find(({action}) => action === 'allow');
  if (isolating !== undefined) return {verdict: 'deny', by: 'isolation', policy: isolating};
  return {verdict: direction === 'ingress' ? defaultVerdict(subject, peer, defaultRule) : 'allow', by: 'default'};
}

function subjectOf({from, to}: Flow, direction: Direction): Side {
  return direction === 'ingress' ? to : from;
}

function defaultVerdict(subject: Side, peer: Side, rule: DefaultRule): 'allow' | 'deny' {
  // Hosts are open but to what policies say: nobody shall be locked out of one by an empty list.
  if (subject.endpoint === undefined || rule === 'allow') return 'allow';
  if (rule === 'deny') return 'deny';
  return peer.endpoint === undefined || peer.endpoint.tenant === subject.endpoint.tenant ? 'allow' : 'deny';
}

function isFor({targets}: Policy, subject: Side): boolean {
  return targets.some(target => (target.kind !== 'cidr' || subject.endpoint !== undefined) && isParty(target, subject));
}

/** Whether all that a side is belongs to a party. */
export function isParty(party: Party, {prefixes, endpoint, host}: Side): boolean {
  if (party.kind === 'any') return true;
  if (party.kind === 'host') return host !== undefined;
  if (party.kind === 'tenant')
    return endpoint?.tenant === party.tenant && (party.segment === undefined || endpoint.segment === party.segment);
  return (
    prefixes.length > 0 && prefixes.every(prefix => contains(party.cidr, prefix) && !party.except.some(each => overlaps(each, prefix)))
  );
}

/** Whether a kind of traffic is meant. */
export function isTraffic({protocol, ports, icmp}: TrafficRule, flow: Pick<Flow, 'protocol' | 'port' | 'icmp'>): boolean {
  if (protocol === 'any') return true;
  if (protocol !== flow.protocol) return false;
  if (ports.length > 0)
    return flow.port !== undefined && ports.some(({first, last}) => Number(flow.port) >= first && Number(flow.port) <= last);
  return icmp === undefined || (icmp.type === flow.icmp?.type && (icmp.code === undefined || icmp.code === flow.icmp.code));
}
