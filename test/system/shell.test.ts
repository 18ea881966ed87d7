import {readFile} from 'node:fs/promises';
import test from 'ava';
import {CommandFailedError} from '../../src/system/run.ts';
import {createShellRun} from '../../src/system/shell.ts';

test('gives what a command writes, byte by byte, whatever its arguments are', async t => {
  const run = createShellRun();
  const words = ['a b', "it's", '$HOME', '`id`', '"', '\\n', '*', '', '|;&', 'ü'];
  t.is(await run('printf', ['%s|', ...words]), words.map(word => `${word}|`).join(''));
  t.is(await run('true', []), '');
  t.is(await run('printf', ['no line end']), 'no line end');
  t.is(await run('printf', ['\\n\\n']), '\n\n');
});

test('an answer may be large, and others follow it', async t => {
  const run = createShellRun();
  const [large, small] = await Promise.all([run('seq', ['200000']), run('echo', ['small'])]);
  t.is(large.split('\n').length, 200_001);
  t.is(small, 'small\n');
});

test('a failure gives status and both outputs', async t => {
  const run = createShellRun();
  const error = await t.throwsAsync(run('sh', ['-c', 'echo out; echo err >&2; exit 3']), {instanceOf: CommandFailedError});
  t.like(error, {exitCode: 3, stdout: 'out\n', stderr: 'err\n'});
  const missing = await t.throwsAsync(run('no-such-program', []), {instanceOf: CommandFailedError, message: /not found/});
  t.is(missing?.exitCode, 127);
  t.is(await run('echo', ['still here']), 'still here\n');
});

test('a command without end is ended after its time, and the next one runs', async t => {
  const run = createShellRun();
  await t.throwsAsync(run('sleep', ['1000'], {timeoutMs: 100}), {instanceOf: CommandFailedError, message: /no end after 100 ms/});
  t.is(await run('echo', ['next']), 'next\n');
});

test('a shell that was killed is started anew; a command that kills it fails', async t => {
  const run = createShellRun();
  const pid = Number(await run('sh', ['-c', 'echo $PPID']));
  t.is((await readFile(`/proc/${pid}/comm`, 'utf8')).trim(), 'sh');
  await t.throwsAsync(run('sh', ['-c', 'kill -9 $PPID']), {instanceOf: CommandFailedError, message: /the shell has ended/});
  t.is(await run('echo', ['again']), 'again\n');
});

test('commands with input, or arguments of several lines, are run as usual', async t => {
  const run = createShellRun();
  t.is(await run('cat', [], {input: 'given'}), 'given');
  t.is(await run('printf', ['%s', 'two\nlines']), 'two\nlines');
});
