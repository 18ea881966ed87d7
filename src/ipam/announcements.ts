import {type Address, contains, type Prefix} from '../core/prefix.ts';
import {announcedPrefixes} from '../core/publish.ts';
import type {Block, Host} from '../core/state.ts';
import type {HostReport} from '../store/reports.ts';
import type {AnnouncementAnswer} from './explain-answer.ts';
import type {Ledger} from './ledger.ts';
import type {ReceivedReport, Reports} from './reports.ts';

export interface AnnouncementsOptions {
  readonly ledger: Ledger;
  readonly reports: Reports;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Which hosts should announce a prefix around an IP, by name, and whether they do. `block` is the one that the IP lies in. */
export function announcementsOf(ip: Address, block: Block | undefined, {ledger, reports, now}: AnnouncementsOptions): AnnouncementAnswer[] {
  const hosts = [...ledger.tables.hosts.values()].map(({value}) => value).sort((a, b) => (a.name < b.name ? -1 : 1));
  return hosts.flatMap(host => {
    const received = reports.of(host.name);
    const mode = received?.report.prefixes;
    // Only one that announces whole groups speaks for what is not its own.
    const isConcerned = block?.host === host.name || (mode === 'groups' && Object.values(host.groups).some(group => contains(group, ip)));
    const prefix = isConcerned ? prefixAround(ip, host, mode ?? 'blocks', ledger) : undefined;
    return prefix === undefined ? [] : [{host: host.name, prefix, ...verdict(host, received, now), sessions: sessionsOf(received?.report)}];
  });
}

function prefixAround(ip: Address, host: Host, mode: NonNullable<HostReport['prefixes']>, {index}: Ledger): Prefix | undefined {
  return announcedPrefixes(mode, index.blocksOfHost(host.name), Object.values(host.groups)).find(prefix => contains(prefix, ip));
}

/** An agent gives a sign of life every 30 s at least. */
const silentMs = 90_000;

function verdict(host: Host, received: ReceivedReport | undefined, now: number): Pick<AnnouncementAnswer, 'announced' | 'reason'> {
  const no = (reason: string) => ({announced: false, reason});
  const unknown = (reason: string) => ({announced: null, reason});
  if (received === undefined) return unknown('its agent has never reported');
  const {bird, drain, prefixes} = received.report;
  const silence = now - received.receivedAt;
  if (silence > silentMs) return unknown(`its agent was last heard of ${Math.round(silence / 1000)} s ago`);
  if (bird === undefined) return no('publishing is off there');
  if (drain?.state === 'drained') return no('the host is drained');
  if (prefixes === undefined) return unknown('its agent does not say what it announces');
  if (!bird.isRunning) return no('BIRD does not run there');
  if (bird.unanswered !== undefined && bird.accepted === undefined) return unknown(bird.unanswered);
  if (bird.isStale) return unknown(`its configuration of today is not live: ${bird.staleReason ?? 'not accepted yet'}`);
  return {announced: true, reason: drain !== undefined || host.drained ? 'as the last choice, since the host is being drained' : null};
}

function sessionsOf(report: HostReport | undefined): AnnouncementAnswer['sessions'] {
  const sessions = report?.bird?.sessions.filter(({proto}) => proto !== 'BFD') ?? [];
  return sessions.map(({name, proto, neighbour, neighbourAs, isUp}) => ({
    name,
    proto,
    ...(neighbour !== undefined && {neighbour}),
    ...(neighbourAs !== undefined && {neighbour_as: neighbourAs}),
    up: isUp,
  }));
}
