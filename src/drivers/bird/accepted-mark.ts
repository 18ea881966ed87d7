import {createHash} from 'node:crypto';
import type {BirdFile} from '../../core/desired-bird-files.ts';

/** What BIRD has last accepted. `signalled`: it got a SIGHUP, and nobody knows what it made of it. */
export interface AcceptedMark {
  readonly hash: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly how: 'configured' | 'signalled';
  /** The template of each file, by the file's path. */
  readonly sources: Readonly<Record<string, string>>;
}

/** The mark's file in conf.d; the name begins with a dot so that no `*.conf` or `*` of BIRD's takes it. */
export const markName = '.romana-accepted';

/** Identifies a set of files by their paths and texts. */
export function hashOf(files: ReadonlyArray<Pick<BirdFile, 'path' | 'text'>>): string {
  const sorted = files.map(({path, text}) => [path, text] as const).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}

/** Parses the mark's file; anything else than a mark counts as none. */
export function parseMark(text: string | undefined): AcceptedMark | undefined {
  try {
    const {hash, at, how, sources} = JSON.parse(text ?? '') as Partial<AcceptedMark>;
    if (typeof hash !== 'string' || typeof at !== 'number' || (how !== 'configured' && how !== 'signalled')) return undefined;
    return {hash, at, how, sources: sources ?? {}};
  } catch {
    return undefined;
  }
}
