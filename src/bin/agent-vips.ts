import type {Vips} from '../agent/vips/vips.ts';
import {createVips} from '../agent/vips/vips.ts';
import type {Config} from '../config/schema.ts';
import type {Self} from '../core/node-state.ts';
import type {Address} from '../core/prefix.ts';
import {createLeaseIds} from '../core/vip-lease-id.ts';
import {createVipAnnouncer} from '../drivers/vip-announcer.ts';
import {createVips as createVipDriver} from '../drivers/vips.ts';
import type {Mirror} from '../store/mirror.ts';
import {createVipClaims} from '../store/vip-claims.ts';
import type {Clock} from '../system/clock.ts';
import type {Logger} from '../system/log.ts';
import {createRun} from '../system/run.ts';
import {createShellRun} from '../system/shell.ts';
import {readBootId, uptimeMs} from '../system/uptime.ts';
import {openStore} from './program.ts';

export interface AgentVipsOptions {
  readonly config: Config;
  readonly hostName: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  self(): Self;
  gateways(): readonly Address[];
  readonly mirror: () => Pick<Mirror, 'sync'>;
  onChange(): void;
}

export interface AgentVips {
  /** Undefined where they are switched off. */
  readonly vips: Vips | undefined;
  close(): void;
}

// A renewal that takes longer does not help any more.
const deadlineMs = 1000;

/**
 * The VIPs of this host. They have a connection and a shell of their own: whatever else the agent asks for or runs may take seconds, and a lease
 * does not wait. Neither is made before it is needed.
 */
export async function createAgentVips({config, hostName, mirror, signal, ...parts}: AgentVipsOptions): Promise<AgentVips> {
  const {enabled, leaseSeconds} = config.agent.vips;
  if (!enabled) return {vips: undefined, close: () => undefined};
  const {store, keys} = await openStore(config.etcd, {deadlineMs});
  const onMissing = (program: string, debianPackage: string) =>
    parts.log.warn({program, debianPackage}, 'a program is missing, neighbours may notice late that a VIP has come here');
  const vips = createVips({
    ...parts,
    claims: createVipClaims(store, keys),
    leases: store.leases,
    ids: createLeaseIds({hostName, bootId: readBootId(), random: Math.random}),
    leaseSeconds,
    driver: createVipDriver(createShellRun()),
    announcer: createVipAnnouncer({run: createRun(), clock: parts.clock, signal, onMissing}),
    uptime: uptimeMs,
    sync: () => mirror().sync(),
  });
  return {vips, close: () => store.close()};
}
