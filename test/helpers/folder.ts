import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {ExecutionContext} from 'ava';

/** Makes a temporary folder that goes with the test. Its path is short: a Unix socket's may have 107 bytes. */
export async function temporaryFolder(t: Pick<ExecutionContext, 'teardown'>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'romana-'));
  t.teardown(() => rm(folder, {recursive: true, force: true}));
  return folder;
}
