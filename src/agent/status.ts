import type {EndpointReport} from '../core/endpoint-report.ts';
import type {NodeState, PublishSettings} from '../core/node-state.ts';
import type {Session} from '../drivers/bird/sessions.ts';
import {type BirdReport, type BirdState, birdReport} from './bird-report.ts';
import type {History, PassReport} from './history.ts';
import type {VipChanges} from './vips/own-vips.ts';
import type {VipStatus} from './vips/vip-status.ts';
import type {Vips} from './vips/vips.ts';

/** What `romana agent status` shows, as JSON. Times are in milliseconds since 1970, ages in seconds. */
export interface AgentStatus {
  readonly host: string;
  readonly addresses: readonly string[];
  readonly version: string;
  /** What passes decide from: nothing yet, the state that was cached before a restart, or what the store tells. */
  readonly state: 'none' | 'cached' | 'store';
  /** Of a cached state: when it was written. */
  readonly stateWrittenAt?: number;
  readonly revision: number;
  /** How long the store has been out of touch; of a cached state: how old it is. */
  readonly stateAgeSeconds: number;
  /** Why the store is out of touch, as far as it has said. */
  readonly storeFault?: string;
  /** Why there can be no pass yet. */
  readonly waitsFor?: string;
  readonly pass: PassReport | undefined;
  /** What BIRD announces, by the last configuration that it accepted from this agent. */
  readonly announced: readonly string[];
  /** Whether it announces blocks, aggregates or groups; undefined where publishing is off. */
  readonly prefixes?: PublishSettings['prefixes'];
  readonly bird: BirdReport | undefined;
  /** How far this host has been taken out of use; undefined while it is in use. */
  readonly drain?: Drain;
  readonly endpoints: readonly EndpointReport[];
  /** Undefined where VIPs are switched off. */
  readonly vips?: readonly VipStatus[];
  readonly vipChanges?: VipChanges;
}

export interface Drain {
  readonly state: 'draining' | 'drained';
  readonly since: number;
  readonly deadline?: number;
  /** How many of the prefixes the neighbours reach by another path already. */
  readonly withOtherPath: number;
  readonly prefixes: number;
}

export interface StatusOptions {
  /** The addresses may change while the agent runs. */
  readonly self: () => NodeState['self'];
  /** Why no pass is made; undefined where nothing stands in the way. */
  readonly waitsFor?: () => string | undefined;
  readonly version: string;
  readonly history: History;
  /** Rejects where somebody has put a file there that cannot be read. */
  readAnnounced(): Promise<readonly string[]>;
  readonly mirror: () => {readonly revision: number; readonly ageMs: number; readonly fault?: string | undefined};
  /** The cached state, as long as it stands in for the store. */
  readonly cached?: () => {readonly revision: number; readonly writtenAt: number} | undefined;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Undefined where publishing is off. */
  readonly bird: {status(): BirdState; readonly name: string} | undefined;
  readonly prefixes?: PublishSettings['prefixes'];
  readonly drain?: () => Drain | undefined;
  readonly endpoints?: () => readonly EndpointReport[];
  readonly vips?: () => Pick<Vips, 'status' | 'changes'> | undefined;
  /** Undefined where BIRD does not run; rejects where it does not answer. */
  readSessions(): Promise<readonly Session[] | undefined>;
}

/** Puts the status together; asks BIRD for its sessions. */
export async function readStatus(options: StatusOptions): Promise<AgentStatus> {
  const {self, version, history, readAnnounced, bird, prefixes, readSessions} = options;
  const sessions = bird && (await readSessions().catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))));
  const drain = options.drain?.();
  const vips = options.vips?.();
  const {name, addresses} = self();
  return {
    host: name,
    addresses: addresses.map(({address, length}) => `${address}/${length}`),
    version,
    ...stateStatus(options),
    pass: history.last,
    announced: await readAnnounced().catch(() => []),
    ...(bird && prefixes && {prefixes}),
    bird:
      bird &&
      birdReport({
        status: bird.status(),
        driver: history.last?.drivers.find(driver => driver.name === bird.name),
        error: history.errorOf(bird.name),
        sessions,
      }),
    ...(drain && {drain}),
    endpoints: options.endpoints?.() ?? [],
    ...(vips && {vips: vips.status, vipChanges: {...vips.changes}}),
  };
}

/** What the passes decide from. */
export function stateStatus({
  mirror,
  cached,
  waitsFor,
  now = Date.now,
}: Pick<StatusOptions, 'mirror' | 'cached' | 'waitsFor' | 'now'>): Pick<
  AgentStatus,
  'state' | 'stateWrittenAt' | 'revision' | 'stateAgeSeconds' | 'storeFault' | 'waitsFor'
> {
  const {revision, ageMs, fault} = mirror();
  const standIn = cached?.();
  const reason = waitsFor?.();
  const waiting = {...(fault !== undefined && {storeFault: fault}), ...(reason !== undefined && {waitsFor: reason})};
  if (standIn === undefined) return {state: revision === 0 ? 'none' : 'store', revision, stateAgeSeconds: ageMs / 1000, ...waiting};
  const {writtenAt} = standIn;
  // The clock may be set while the machine starts.
  const ageSeconds = Math.max(0, now() - writtenAt) / 1000;
  return {state: 'cached', stateWrittenAt: writtenAt, revision: standIn.revision, stateAgeSeconds: ageSeconds, ...waiting};
}
