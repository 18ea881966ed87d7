import {mkdir, readdir, readFile, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import type {NameFile} from '../../src/core/desired-names.ts';
import {createNames} from '../../src/drivers/names.ts';
import {reconcile} from '../../src/reconcile/reconcile.ts';
import {step} from '../../src/reconcile/step.ts';
import {systemFiles} from '../../src/system/file-system.ts';
import {temporaryFolder} from '../helpers/folder.ts';

const names = (table: number): NameFile[] => [
  {folder: 'rt_tables.d', text: `${table}\tromana\n`},
  {folder: 'rt_protos.d', text: '144\tromana\n'},
];

async function make(folder: string, wanted: readonly NameFile[]): Promise<void> {
  const [result] = await reconcile([step(createNames(systemFiles, folder), () => wanted)], undefined);
  if (result?.error !== undefined) throw result.error;
}

const listing = async (folder: string) => (await readdir(folder, {recursive: true})).toSorted();

test('two drop-in files and their folders are made, changed and removed; nothing else is touched', async t => {
  const folder = await temporaryFolder(t);
  await mkdir(path.join(folder, 'rt_tables.d'));
  await writeFile(path.join(folder, 'rt_tables'), '10\tother\n');
  await writeFile(path.join(folder, 'rt_tables.d/other.conf'), '11\telse\n');
  const before = await listing(folder);

  await make(folder, names(10));
  t.deepEqual(await listing(folder), [...before, 'rt_protos.d', 'rt_protos.d/romana.conf', 'rt_tables.d/romana.conf'].toSorted());
  t.is(await readFile(path.join(folder, 'rt_tables.d/romana.conf'), 'utf8'), '10\tromana\n');
  t.is((await stat(path.join(folder, 'rt_protos.d/romana.conf'))).mode & 0o777, 0o644);

  const file = path.join(folder, 'rt_tables.d/romana.conf');
  const {mtimeNs, ino} = await stat(file, {bigint: true});
  await make(folder, names(10));
  const again = await stat(file, {bigint: true});
  t.deepEqual([again.mtimeNs, again.ino], [mtimeNs, ino], 'a second pass writes nothing');

  await make(folder, names(20));
  t.is(await readFile(file, 'utf8'), '20\tromana\n');
  await make(folder, []);
  t.deepEqual(await listing(folder), [...before, 'rt_protos.d'].toSorted());
  t.is(await readFile(path.join(folder, 'rt_tables'), 'utf8'), '10\tother\n');
});
