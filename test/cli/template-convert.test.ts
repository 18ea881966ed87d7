import {readdir, readFile, stat} from 'node:fs/promises';
import test from 'ava';
import {execa} from 'execa';
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

test('with --to bird2 a protocol of BIRD 1.6 gets its channel', async t => {
  const {folder, template, write} = await templateFolder(t);
  const routes = 'protocol static romana {\n{{range .Networks}}\n  route {{.}} reject;\n{{end}}\n}\n';
  const bgp =
    'protocol bgp romana_bgp {\n  local as 65534;\n  neighbor 192.168.20.1 as 65001;\n  import none;\n  export where proto = "romana";\n}\n';
  const file = await write('publisher.go', routes + bgp);
  const {status, stderr} = await romana(['template', 'convert', file, '--to', 'bird2', '-o', `${folder}/t/publisher.conf`]);
  t.is(status, 0, stderr);
  t.regex(await readFile(`${folder}/t/publisher.conf`, 'utf8'), /protocol static romana \{\s+ipv4;/);
  const check = await template('check');
  t.is(check.status, 0, check.stderr);
  t.is((await romana(['template', 'convert', file, '--to', 'bird3'])).status, 2);
});

test('what BIRD 1.6 a file was for can be said where it does not tell itself', async t => {
  const convert = (...args: string[]) =>
    romana(['template', 'convert', '-', '--to', 'bird2', ...args], {input: 'protocol static romana {\n}\n'});
  t.regex((await convert('--family', 'ipv6')).stdout, /ipv6;/);
  t.regex((await convert('--family', 'ipv4')).stdout, /ipv4;/);
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

  const wrong = await write('wrong.go', 'a\n{{range .Networks}}\n');
  const {status, stdout, stderr} = await romana(['template', 'convert', wrong, '-o', `${folder}/out`]);
  t.is(status, 1);
  t.is(stdout, '');
  t.true(stderr.startsWith('romana: cannot convert wrong.go: '), stderr);
  t.true(stderr.includes(`(${wrong}:2:`), stderr);
  t.false((await readdir(folder)).includes('out'));

  t.regex((await romana(['template', 'convert', `${folder}/none`])).stderr, /^romana: cannot read \S+\/none: /);
});

test('the result goes into a folder that is there, and takes the place of no folder or device', async t => {
  const {folder, template, write} = await templateFolder(t);
  const file = await write('publisher.go', go);
  const convert = (output: string) => romana(['template', 'convert', file, '-o', output]);
  const missing = await convert(`${folder}/none/deep/x`);
  t.deepEqual(missing, {
    status: 1,
    stdout: '',
    stderr: `romana: cannot write ${folder}/none/deep/x: there is no folder ${folder}/none/deep\n`,
  });
  t.is((await convert(`${folder}/none/x`)).stderr, `romana: cannot write ${folder}/none/x: there is no folder ${folder}/none\n`);
  t.is((await convert(`${file}/x`)).stderr, `romana: cannot write ${file}/x: there is no folder ${file}\n`);
  t.is((await convert(`${folder}/t`)).stderr, `romana: cannot write ${folder}/t: it is a folder\n`);
  t.is(
    (await template('render', '-o', `${folder}/none/x`)).stderr,
    `romana: cannot write ${folder}/none/x: there is no folder ${folder}/none\n`,
  );
  t.deepEqual((await readdir(folder)).toSorted(), ['data.json', 'publisher.go', 'romana.yaml', 't']);

  await execa('mkfifo', [`${folder}/pipe`]);
  t.is((await convert(`${folder}/pipe`)).stderr, `romana: cannot write ${folder}/pipe: it is no regular file\n`);
  t.true((await stat(`${folder}/pipe`)).isFIFO());
});

test('thousands of ranges inside each other are refused with their place', async t => {
  const {write} = await templateFolder(t);
  const file = await write('publisher.go', `${'{{range .Networks}}\n'.repeat(3000)}${'{{end}}\n'.repeat(3000)}`);
  const {status, stderr} = await romana(['template', 'convert', file]);
  t.is(status, 1);
  t.regex(stderr, /^romana: cannot convert publisher\.go: more than 100 blocks inside each other .*\n$/);
  t.true(stderr.endsWith(`(${file}:101:1)\n`), stderr);
});
