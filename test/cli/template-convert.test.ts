import {readdir, readFile} from 'node:fs/promises';
import test from 'ava';
import {romana} from './romana.ts';
import {templateFolder} from './template-folder.ts';

const go = 'router id {{.NodeIP}};\nprotocol static romana {\n  ipv4;\n{{range .Networks}}\n  route {{.}} reject;\n{{end}}\n}\n';

test('a Go template is translated, and renders', async t => {
  const {folder, template, write} = await templateFolder(t);
  const file = await write('publisher.go', go);
  const {status, stdout, stderr} = await romana(['template', 'convert', file]);
  t.is(status, 0);
  t.is(stderr, '');
  t.true(stdout.startsWith('router id {{NodeIP}};\nprotocol static romana {\n  ipv4;\n{{#each Networks}}'), stdout);
  t.deepEqual(await romana(['template', 'convert', file, '-o', `${folder}/t/publisher.conf`]), {status: 0, stdout: '', stderr: ''});
  t.is(await readFile(`${folder}/t/publisher.conf`, 'utf8'), stdout);
  const rendered = (await template('render')).stdout;
  t.regex(rendered, /\n\s+route 10\.1\.0\.0\/29 reject;\n\s+route 10\.1\.0\.8\/29 reject;\n/);
});

test('standard input is read for -', async t => {
  const {stdout} = await romana(['template', 'convert', '-'], {input: '{{.LocalAS}}\n'});
  t.is(stdout, '{{LocalAS}}\n');
});

test('what is lost is said with its place, the result is written all the same, and the exit status is 1', async t => {
  const {folder, write} = await templateFolder(t);
  const file = await write('publisher.go', 'a\n  {{frobnicate .LocalAS}}\n');
  const {status, stdout, stderr} = await romana(['template', 'convert', file, '-o', `${folder}/out`]);
  t.is(status, 1);
  t.is(stdout, '');
  t.regex(stderr, /:2:\d+: lost: .*frobnicate.*\n/);
  t.true(stderr.startsWith(`${file}:2:`), stderr);
  t.true((await readFile(`${folder}/out`, 'utf8')).startsWith('a\n'));
});

test('a template is not converted into itself, and what is no template not at all', async t => {
  const {folder, write} = await templateFolder(t);
  const file = await write('publisher.go', go);
  const self = await romana(['template', 'convert', file, '-o', `${folder}/t/../publisher.go`]);
  t.is(self.status, 2);
  t.regex(self.stderr, /^romana: cannot convert \S+ into itself: /);
  t.is(await readFile(file, 'utf8'), go);

  const wrong = await write('wrong.go', 'a\n{{range}\n');
  const {status, stdout, stderr} = await romana(['template', 'convert', wrong, '-o', `${folder}/out`]);
  t.is(status, 1);
  t.is(stdout, '');
  t.true(stderr.startsWith('romana: cannot convert wrong.go: '), stderr);
  t.true(stderr.includes(`(${wrong}:2:`), stderr);
  t.false((await readdir(folder)).includes('out'));

  t.regex((await romana(['template', 'convert', `${folder}/none`])).stderr, /^romana: cannot read \S+\/none: /);
});
