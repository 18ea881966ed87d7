import type {BirdConfig} from '../bird-config/model.ts';
import type {GuardSettings} from '../node-state.ts';
import type {Prefix} from '../prefix.ts';
import type {AnnouncedRoutes} from './announced-routes.ts';

/** What the guards look at. */
export interface GuardInput {
  /** What BIRD has accepted last; undefined before anything was. */
  readonly before: BirdConfig | undefined;
  /** What shall go live. */
  readonly after: BirdConfig;
  /** The rendered publisher.conf. */
  readonly publisher: {readonly path: string; readonly text: string};
  /** What the template was rendered with. */
  readonly networks: readonly Prefix[];
  readonly groups: readonly Prefix[];
  readonly vips: readonly Prefix[];
  /**
   * Whether the store has taken a prefix from this host, so that withdrawing it is meant. It is asked about prefixes that were announced and,
   * where only a part of one is still covered, about the rest.
   */
  readonly released: (prefix: Prefix) => boolean;
  readonly localAs: number;
  readonly settings: GuardSettings;
}

/** The same with what has been worked out from it, once for all guards. */
export interface GuardCase extends GuardInput {
  readonly announcedBefore: AnnouncedRoutes | undefined;
  readonly announced: AnnouncedRoutes;
  readonly withdrawn: Withdrawn;
}

export interface Withdrawn {
  /** How many prefixes were announced before. */
  readonly total: number;
  /** Those that were, that the store has not released, and that no new prefix covers. */
  readonly suspects: readonly Prefix[];
  /** Those of them whose addresses no prefix of the new configuration covers, old or new. Slow for a host with many. */
  prefixes(): readonly Prefix[];
}
