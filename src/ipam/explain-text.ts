import type {VipAnswer} from './answers.ts';
import type {AnnouncementAnswer, ExplanationAnswer} from './explain-answer.ts';

/** What is in the answer but the sentences. */
export type ExplanationFacts = Omit<ExplanationAnswer, 'text'>;

/** What only the sentences say. */
export interface MoreFacts {
  /** A topology divides the network into groups. */
  readonly isMapped: boolean;
  /** The groups go down to one that hosts are placed in. */
  readonly isInLeaf: boolean;
  /** A host that alone gets addresses here, and the prefix of which that is so. */
  readonly fixed: {readonly host: string; readonly cidr: string} | undefined;
  /** The host whose own IP it is. */
  readonly ipOf: string | undefined;
  /** How many addresses the block has. */
  readonly blockSize: bigint;
  /** Which host had a free block last. */
  readonly freedFrom: string;
}

/** An explanation in sentences, for people. */
export function explanationText(facts: ExplanationFacts, more: MoreFacts): string[] {
  const {ip, network, block, vip} = facts;
  if (network === null && block === null) return vip === null ? [`${ip} lies in no network.`] : [...ofVip(vip), 'It lies in no network.'];
  return [...ofAddress(facts, more), ...ofBlock(facts, more), ...ofGroups(facts, more), ...ofAnnouncements(facts)];
}

function ofAddress({ip, address, vip, blackout, block}: ExplanationFacts, {fixed, ipOf}: MoreFacts): string[] {
  const inUse = [
    ...(address === null ? [] : [`${ip} is the address of ${address.name}${ownerOf(address)}, given out at ${address.allocated_at}.`]),
    ...(vip === null ? [] : [...ofVip(vip), 'It is given to nobody as an address.']),
  ];
  if (blackout !== null) {
    const subject = inUse.length === 0 ? `${ip} is blacked out` : 'It is blacked out';
    return [...inUse, `${subject}: no address of ${blackout} is given out.`];
  }
  if (inUse.length > 0) return inUse;
  if (ipOf !== undefined) return [`${ip} is the IP of host ${ipOf} itself, and is given to nobody else.`];
  const isForOne = fixed !== undefined && block === null;
  return [`${ip} is free.`, ...(isForOne ? [`Only host ${fixed.host} may get it: ${fixed.cidr} is that host's own prefix.`] : [])];
}

function ofVip({name, ip, hosts, holder, since}: VipAnswer): string[] {
  const held = holder === '' ? 'which no host holds' : `held by host ${holder}${since === undefined ? '' : ` since ${since}`}`;
  return [`${ip} is VIP ${name}, ${held}.`, ...(hosts.length === 0 ? [] : [`Only ${hosts.join(', ')} may hold it.`])];
}

function ofBlock({block, host}: ExplanationFacts, {blockSize, freedFrom}: MoreFacts): string[] {
  if (block === null) return ['No block is around it.'];
  if (block.host === '') {
    const last = freedFrom === '' ? '' : `; host ${freedFrom} had it last`;
    return [`It lies in block ${block.cidr}, which belongs to nobody and waits to be reused${last}.`];
  }
  const owner = host === null ? `host ${block.host}, which does not exist` : `host ${host.name} (${host.ip})`;
  const used = `${block.allocated_ip_count} of ${blockSize} addresses in use`;
  const drained = host?.drained === true ? [`Host ${host.name} is drained: it gets no new addresses.`] : [];
  return [`It lies in block ${block.cidr} of ${owner}${ownerOf(block)}, with ${used}.`, ...drained];
}

function ofGroups({network, groups}: ExplanationFacts, {isMapped, isInLeaf}: MoreFacts): string[] {
  const last = groups.at(-1);
  if (network === null) return ['It lies in no network.'];
  const place = [
    `It lies in network ${network.name} (${network.cidr})`,
    ...(last === undefined ? [] : [`group ${last.path} (${last.cidr})`]),
  ];
  if (!isMapped) place.push('which no topology maps: no address of it is given out');
  else if (!isInLeaf) place.push('in a part that is kept for groups to come: no address of it is given out');
  return [`${place.join(', ')}.`];
}

const shownHosts = 5;

function ofAnnouncements({announced, vip}: ExplanationFacts): string[] {
  // Whether the one that holds a VIP announces it depends on its template.
  if (announced.length === 0) return vip === null ? ['No host announces it.'] : [];
  const rest = announced.length - shownHosts;
  return [...announced.slice(0, shownHosts).map(ofAnnouncement), ...(rest > 0 ? [`The same goes for ${rest} more hosts, or should.`] : [])];
}

function ofAnnouncement({host, prefix, announced, reason, sessions}: AnnouncementAnswer): string {
  if (announced === null) return `Whether host ${host} announces ${prefix} is not known: ${reason}.`;
  if (!announced) return `Host ${host} should announce ${prefix} and does not: ${reason}.`;
  const up = sessions.filter(session => session.up).map(({name, neighbour}) => (neighbour === undefined ? name : `${name} (${neighbour})`));
  const hearers = up.length === 0 ? 'none of its sessions is up, so that nobody hears it' : `sessions that are up: ${up.join(', ')}`;
  return `Host ${host} announces ${prefix}${reason === null ? '' : ` ${reason}`}; ${hearers}.`;
}

function ownerOf({tenant, segment}: {readonly tenant: string; readonly segment: string}): string {
  const parts = [tenant === '' ? '' : `tenant ${tenant}`, segment === '' ? '' : `segment ${segment}`].filter(Boolean);
  return parts.length === 0 ? '' : `, ${parts.join(', ')}`;
}
