import path from 'node:path';
import type {Prefix} from '../../core/prefix.ts';
import {staticRoutesOf} from '../../core/static-routes.ts';
import type {FileSystem} from '../../system/file-system.ts';

export interface LiveRoutesOptions {
  readonly files: Pick<FileSystem, 'read' | 'stampOf'>;
  readonly confDir: string;
}

/**
 * Reads the prefixes of the static routes in the live publisher.conf, which BIRD has accepted, or loads when it starts. None where there is no such
 * file. One that nobody has touched is not read again.
 */
export function createReadLiveRoutes({files, confDir}: LiveRoutesOptions): () => Promise<readonly Prefix[]> {
  const publisher = path.join(confDir, 'publisher.conf');
  let known: {readonly stamp: string | undefined; readonly routes: readonly Prefix[]} | undefined;
  return async () => {
    const stamp = await files.stampOf(publisher);
    if (known === undefined || known.stamp !== stamp) known = {stamp, routes: await readRoutes()};
    return known.routes;
  };

  async function readRoutes(): Promise<readonly Prefix[]> {
    const text = await files.read(publisher);
    if (text === undefined) return [];
    return staticRoutesOf({path: publisher, text});
  }
}
