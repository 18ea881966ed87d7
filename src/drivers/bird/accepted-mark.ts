import {createHash} from 'node:crypto';
import type {BirdFile, BirdFrame} from '../../core/desired-bird-files.ts';
import type {Rejection} from './rejection.ts';

/** How BIRD came to run with a set. `signalled`: it got a SIGHUP, and its sessions are up. `installed`: BIRD does not run, its next start reads it. */
export type AcceptedHow = 'configured' | 'signalled' | 'installed';

/** What BIRD has last accepted. Kept in a file, so that a restarted agent knows it, too. */
export interface AcceptedMark {
  readonly hash: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly how: AcceptedHow;
  /** The template of each file, by the file's path. */
  readonly sources: Readonly<Record<string, string>>;
  /** The time of the configuration by which BIRD knows it (`show status`); '' where BIRD was not asked. */
  readonly configuredAt: string;
  /** The sessions that were up with it. */
  readonly sessions: readonly string[];
  /** The templates and variables that it comes from: to announce the prefixes of later days, should newer templates be refused. */
  readonly frame: BirdFrame | undefined;
  /** What was tried since and refused, so that it is not tried again after a restart. */
  readonly refused: RefusedMark | undefined;
}

export interface RefusedMark {
  readonly key: string;
  readonly at: number;
  readonly rejection: Rejection;
}

/** The mark's file in conf.d; the name begins with a dot so that no `*.conf` or `*` of BIRD's takes it. */
export const markName = '.romana-accepted';

/** Identifies a set of files by their paths and texts. */
export function hashOf(files: ReadonlyArray<Pick<BirdFile, 'path' | 'text'>>): string {
  const hash = createHash('sha256');
  for (const digest of files.map(digestOf).toSorted()) hash.update(digest);
  return hash.digest('hex');
}

/** A file may be large, and is a part of several sets in one pass. */
const digests = new WeakMap<object, string>();

function digestOf(file: Pick<BirdFile, 'path' | 'text'>): string {
  const known = digests.get(file);
  if (known !== undefined) return known;
  const digest = createHash('sha256').update(`${file.path}\0`).update(file.text).digest('hex');
  digests.set(file, digest);
  return digest;
}

/** Identifies what a set is made from, whatever the prefixes are. */
export function frameHash({birdConf, publisher, variables}: BirdFrame): string {
  return hashOf([
    {path: birdConf.file, text: birdConf.text},
    {path: publisher.file, text: publisher.text},
    {path: '', text: JSON.stringify(variables)},
  ]);
}

/** Parses the mark's file; anything else than a mark counts as none. */
export function parseMark(text: string | undefined): AcceptedMark | undefined {
  try {
    const {hash, at, how, sources, configuredAt, sessions, frame, refused} = JSON.parse(text ?? '') as Partial<AcceptedMark>;
    if (typeof hash !== 'string' || typeof at !== 'number' || how === undefined || !hows.includes(how)) return undefined;
    return {
      hash,
      at,
      how,
      sources: sources ?? {},
      configuredAt: configuredAt ?? '',
      sessions: sessions ?? [],
      frame: isFrame(frame) ? frame : undefined,
      refused,
    };
  } catch {
    return undefined;
  }
}

const hows: readonly AcceptedHow[] = ['configured', 'signalled', 'installed'];

function isFrame(frame: Partial<BirdFrame> | undefined): frame is BirdFrame {
  return typeof frame?.birdConf?.text === 'string' && typeof frame.publisher?.text === 'string' && typeof frame.variables === 'object';
}
