import {symlink} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {readIncluded} from '../../../src/drivers/bird/include-tree.ts';
import {createBirdCheck} from '../../../src/drivers/bird/staging.ts';
import {systemFiles} from '../../../src/system/file-system.ts';
import {CommandFailedError, createRun, type Run} from '../../../src/system/run.ts';
import {temporaryFolder} from '../../helpers/folder.ts';

const files = (folder: string) => [
  {path: path.join(folder, 'bird.conf'), text: 'router id 10.0.0.1;\ninclude "conf.d/*.conf";\n', source: '/t/bird.conf'},
  {path: path.join(folder, 'conf.d/publisher.conf'), text: 'protocol device {}\n', source: '/t/publisher.conf'},
];

test('BIRD reads the copy, not what is live', async t => {
  const folder = await temporaryFolder(t);
  await systemFiles.write(path.join(folder, 'conf.d/publisher.conf'), 'nonsense', 0o644);
  await t.notThrowsAsync(check(folder, createRun())(files(folder)));
  t.is(await systemFiles.read(path.join(folder, '.staged/bird.conf')), undefined, 'the copy is gone');
});

test('other included files are found from the copy, too', async t => {
  const folder = await temporaryFolder(t);
  await systemFiles.write(path.join(folder, 'keys.conf'), 'define secret = 1;\n', 0o644);
  const set = files(folder).map((file, index) => (index === 0 ? {...file, text: `${file.text}include "keys.conf";\n`} : file));
  await t.notThrowsAsync(check(folder, createRun())(set));
});

test('an included pipe is refused, before BIRD or anybody else waits for its end', async t => {
  const folder = await temporaryFolder(t);
  const pipe = path.join(folder, 'pipe');
  await createRun()('mkfifo', [pipe]);
  const set = files(folder).map((file, index) => (index === 1 ? {...file, text: `${file.text}include "${pipe}";\n`} : file));
  await t.throwsAsync(check(folder, createRun())(set), {
    code: 'ERR_BIRD_INCLUDE',
    message: `/t/publisher.conf includes ${pipe}, which is no regular file`,
  });
  t.deepEqual(await readIncluded(set, systemFiles), []);
});

test('a link that leads to itself is no file of a folder', async t => {
  const folder = await temporaryFolder(t);
  await symlink('loop', path.join(folder, 'loop'));
  await systemFiles.write(path.join(folder, 'file'), 'text', 0o644);
  t.deepEqual([...(await systemFiles.readFolder(folder))], [['file', 'text']]);
});

test('an unclosed block is found in its template', async t => {
  const folder = await temporaryFolder(t);
  const set = files(folder).map((file, index) =>
    index === 1 ? {...file, text: '# head\nprotocol device {\n', lines: () => [1, 7, 8]} : file,
  );
  const error = await t.throwsAsync(check(folder, createRun())(set), {code: 'ERR_BIRD_REJECTED'});
  t.is(
    error?.message,
    'BIRD refuses its configuration: syntax error, unexpected END: this block is never closed (/t/publisher.conf:7)\nprotocol device {\n                ^',
  );
});

const missing: ReadonlyArray<readonly [title: string, run: Run]> = [
  ['on this host', (_command, args) => createRun()('bird-that-is-not-installed', args)],
  [
    'in a namespace',
    async () => {
      throw new CommandFailedError('ip netns exec x bird', {
        stdout: '',
        stderr: 'exec of "bird" failed: No such file or directory',
        exitCode: 255,
        reason: '',
      });
    },
  ],
];

for (const [title, run] of missing) {
  test(`no program bird ${title}: the error says so`, async t => {
    const folder = await temporaryFolder(t);
    await t.throwsAsync(check(folder, run)(files(folder)), {message: /"bird -p" cannot be run: BIRD is not installed on this host/});
  });
}

function check(folder: string, run: Run) {
  return createBirdCheck({
    run,
    files: systemFiles,
    birdConf: path.join(folder, 'bird.conf'),
    confDir: path.join(folder, 'conf.d'),
    stageDir: path.join(folder, '.staged'),
  });
}
