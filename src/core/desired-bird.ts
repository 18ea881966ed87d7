import {type BirdFile, type BirdFrame, birdFilesOf, frameOf} from './desired-bird-files.ts';
import {InputError} from './errors.ts';
import {dataWithKept} from './kept-bird.ts';
import type {GuardSettings, NodeState} from './node-state.ts';
import {hostPrefix, type Prefix} from './prefix.ts';
import {type TemplateData, templateData} from './publish.ts';
import {createReleased} from './released.ts';

/** One whole configuration of BIRD, and what it was made from. */
export interface BirdSet {
  readonly files: readonly BirdFile[];
  readonly frame: BirdFrame;
}

/** What BIRD should run with on this host. */
export interface BirdWish {
  /** What today's templates give, or why they give nothing. */
  readonly today: BirdSet | InputError;
  /** What other templates give for the prefixes of today: the last ones that BIRD accepted, when today's are refused. Throws InputError. */
  buildWith(frame: BirdFrame): BirdSet;
  /** What the guards judge by. */
  readonly announces: Announcement;
}

export interface Announcement {
  readonly networks: readonly Prefix[];
  readonly groups: readonly Prefix[];
  readonly vips: readonly Prefix[];
  /** Those that BIRD may have announced since the agent started: they go whenever their addresses do. */
  readonly everVips: readonly Prefix[];
  readonly localAs: number;
  readonly guards: GuardSettings;
  readonly confirmSeconds: number;
  /** The store itself has taken the prefix from this host: that it is withdrawn is meant. */
  released(prefix: Prefix): boolean;
}

/** BIRD's configuration on this host: always exactly one. */
export function desiredBird(node: NodeState): BirdWish[] {
  const {kept, settings} = node;
  const {publish} = settings;
  const plain = templateData(node);
  const frame = orInputError(() => frameOf({...node, publish, data: plain}));
  const {data, isEnough} = kept === undefined ? {data: plain, isEnough: false} : dataWithKept(node, kept, frame);
  const buildWith = (of: BirdFrame): BirdSet => ({
    files: kept !== undefined && isEnough ? kept.files : birdFilesOf(of, data, publish),
    frame: of,
  });
  return [
    {today: frame instanceof InputError ? frame : orInputError(() => buildWith(frame)), buildWith, announces: announcementOf(node, data)},
  ];
}

function announcementOf(node: NodeState, data: TemplateData): Announcement {
  const {
    self,
    state,
    kept,
    settings: {publish},
  } = node;
  const former = formerVips(node);
  return {
    networks: data.Networks,
    groups: Object.values(data.HostGroups).map(({CIDR}) => CIDR),
    vips: data.Vips,
    everVips: [...(node.vips?.held ?? []), ...(node.vips?.leaving ?? []), ...(node.vips?.former ?? [])],
    localAs: data.LocalAS,
    guards: publish.guards,
    confirmSeconds: publish.confirm.timeoutSeconds,
    // What an older state says of others may not be so any more.
    released: kept === undefined ? createReleased(state, self.name, former) : prefix => former.includes(prefix),
  };
}

/** Whatever is a VIP and not held by this host, or not any more. */
function formerVips({state, vips}: NodeState): Prefix[] {
  const all = [...[...state.vips.values()].map(({ip}) => hostPrefix(ip)), ...(vips?.former ?? [])];
  return all.filter(prefix => vips?.held.includes(prefix) !== true);
}

/** An operator's mistake is a value here: what is live must go on with the prefixes of today. */
function orInputError<Result>(build: () => Result): Result | InputError {
  try {
    return build();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}
