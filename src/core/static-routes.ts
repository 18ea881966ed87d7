import {parseBirdConfig} from './bird-config/parse.ts';
import type {BirdFile} from './desired-bird-files.ts';
import type {Prefix} from './prefix.ts';

/** The prefixes of the static routes in a file of BIRD's. */
export function staticRoutesOf(file: Pick<BirdFile, 'path' | 'text'>): readonly Prefix[] {
  const {protocols} = parseBirdConfig([file], file.path);
  return [...protocols.values()].flatMap(({routes}) => routes.map(({prefix}) => prefix));
}
