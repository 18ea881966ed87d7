import {mkdir, readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {execa} from 'execa';
import {diffFiles} from '../../src/cli/template-patch.ts';
import {temporaryFolder} from '../helpers/folder.ts';

const file = (text: string) => ({path: '/etc/bird/conf.d/publisher.conf', text, source: '/t/publisher.conf'});
const diff = (before: string, after: string) =>
  diffFiles(
    [file(before)],
    [file(after)],
    () => 'live',
    ({source}) => `from ${source}`,
  );

test('a change with three lines around it, under names that say what is what', t => {
  t.is(
    diff('a\nb\nc\nd\ne\nf\ng\n', 'a\nb\nc\nd\nE\nf\ng\n'),
    [
      '--- /etc/bird/conf.d/publisher.conf\tlive',
      '+++ /etc/bird/conf.d/publisher.conf\tfrom /t/publisher.conf',
      '@@ -2,6 +2,6 @@',
      ' b',
      ' c',
      ' d',
      '-e',
      '+E',
      ' f',
      ' g',
      '',
    ].join('\n'),
  );
});

test('the name of the template in the header line is no difference, anything else is', t => {
  const header = (name: string) => `# Rendered by romana agent from ${name}: edit that file, this one is overwritten.\n`;
  t.is(diff(`${header('/t/a')}x\n`, `${header('/t/b')}x\n`), '');
  t.is(diff('x\n', 'x\n'), '');
  const changed = diff(`${header('/t/a')}x\n`, `${header('/t/b')}y\n`);
  t.true(changed.includes(`\n ${header('/t/a')}-x\n+y\n`), changed);
  t.true(diff('x\n', `${header('/t/b')}x\n`).includes(`\n+${header('/t/b')} x\n`));
});

test('a file that is not there yet, and one that goes', t => {
  const live = () => 'live';
  t.is(diffFiles([], [file('a\n')], live, live), '--- /dev/null\n+++ /etc/bird/conf.d/publisher.conf\tlive\n@@ -0,0 +1,1 @@\n+a\n');
  t.is(diffFiles([file('a\n')], [], live, live), '--- /etc/bird/conf.d/publisher.conf\tlive\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a\n');
});

test('the diff makes the new file out of the old one', async t => {
  const lines = (count: number, of: (index: number) => string) => Array.from({length: count}, (_, index) => `${of(index)}\n`).join('');
  const pairs: ReadonlyArray<readonly [string, string]> = [
    ['a\nb\n', 'a\nb'],
    ['a\nb', 'a\nc\n'],
    ['', 'a\n'],
    [lines(100, index => `route ${index};`), lines(100, index => `route ${index % 7 === 0 ? -index : index};`)],
    // So much is different that no smallest diff is looked for.
    [`a\nb\nc\nd\n${lines(3000, index => `old ${index}`)}y\nz`, `a\nb\nc\nd\n${lines(2500, index => `new ${index}`)}y\nz`],
    [lines(3000, index => `old ${index}`), lines(3000, index => `new ${index}`)],
  ];
  for (const [before, after] of pairs) t.is(await patched(t, before, `${diff(before, after)}\n# Prefixes: no change\n`), after);
});

test('two long lists of prefixes without anything in common are no trouble', t => {
  const list = (first: number) =>
    Array.from({length: 50_000}, (_, index) => `  route ${first}.${index >> 8}.${index & 255}.0/29 reject;\n`).join('');
  const lines = diff(`head\n${list(10)}`, `head\n${list(11)}`).split('\n');
  t.is(lines.filter(line => line.startsWith('-  route')).length, 50_000);
  t.is(lines.filter(line => line.startsWith('+  route')).length, 50_000);
});

async function patched(t: ExecutionContext, before: string, text: string): Promise<string> {
  const folder = await temporaryFolder(t);
  const target = path.join(folder, file('').path);
  await mkdir(path.dirname(target), {recursive: true});
  await writeFile(target, before);
  await execa('git', ['apply', '--whitespace=nowarn', '-p1', '-'], {input: text, cwd: folder});
  return readFile(target, 'utf8');
}
