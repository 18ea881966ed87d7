import path from 'node:path';
import {parseBirdConfig} from '../../core/bird-config/parse.ts';
import type {Prefix} from '../../core/prefix.ts';
import type {FileSystem} from '../../system/file-system.ts';

export interface LiveRoutesOptions {
  readonly files: Pick<FileSystem, 'read'>;
  readonly confDir: string;
}

/** The prefixes of the static routes in the live publisher.conf, which BIRD has accepted, or loads when it starts. None where there is no such file. */
export async function readLiveRoutes({files, confDir}: LiveRoutesOptions): Promise<readonly Prefix[]> {
  const publisher = path.join(confDir, 'publisher.conf');
  const text = await files.read(publisher);
  if (text === undefined) return [];
  const {protocols} = parseBirdConfig([{path: publisher, text}], publisher);
  return [...protocols.values()].flatMap(({routes}) => routes.map(({prefix}) => prefix));
}
