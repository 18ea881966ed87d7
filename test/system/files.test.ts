import {mkdir, stat, symlink, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {makeFolder} from '../../src/system/files.ts';
import {temporaryFolder} from '../helpers/folder.ts';

test('a folder is made with all that it lies in, and may be there already', async t => {
  const base = await temporaryFolder(t);
  const folder = path.join(base, 'a/b/c');
  // Those who make it at once find each other's halfway.
  for (let turn = 0; turn < 200; turn++) {
    const inTurn = path.join(base, `${turn}/a/b/c`);
    await Promise.all(Array.from({length: 4}, () => makeFolder(inTurn, 0o700)));
  }
  await Promise.all([makeFolder(folder, 0o700), makeFolder(folder, 0o700)]);
  await makeFolder(folder);
  t.is((await stat(path.join(base, 'a'))).mode & 0o777, 0o700);
  await mkdir(path.join(base, 'real'));
  await symlink(path.join(base, 'real'), path.join(base, 'link'));
  await makeFolder(path.join(base, 'link/d'));
  t.true((await stat(path.join(base, 'real/d'))).isDirectory());
});

test('where no folder can be made, that is an error at once', async t => {
  const base = await temporaryFolder(t);
  await writeFile(path.join(base, 'file'), '');
  await symlink(path.join(base, 'nowhere'), path.join(base, 'dangling'));
  await t.throwsAsync(makeFolder('/proc/none'), {code: 'ENOENT'});
  await t.throwsAsync(makeFolder('/proc/none/below'), {code: 'ENOENT'});
  await t.throwsAsync(makeFolder(path.join(base, 'file')), {code: 'EEXIST'});
  await t.throwsAsync(makeFolder(path.join(base, 'file/a')), {code: 'ENOTDIR'});
  await t.throwsAsync(makeFolder(path.join(base, 'dangling')), {code: 'EEXIST'});
});
