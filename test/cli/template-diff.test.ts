import {cp, readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {data, publisher, type TemplateFolder, templateFolder} from './template-folder.ts';

/** Makes what the templates give live, as the agent does. */
async function goLive({folder, template, write}: TemplateFolder): Promise<void> {
  for (const [name, live] of [
    ['bird.conf', 'etc/bird/bird.conf'],
    ['publisher.conf', 'etc/bird/conf.d/publisher.conf'],
  ] as const) {
    const {status, stdout, stderr} = await template('render', '--file', name);
    if (status !== 0) throw new Error(stderr);
    await write(live, stdout);
  }
  await cp(`${folder}/t`, `${folder}/old`, {recursive: true});
}

test('where the templates give what is live there is nothing to say', async t => {
  const host = await templateFolder(t);
  await goLive(host);
  t.deepEqual(await host.template('diff', '--exit-code'), {status: 0, stdout: '', stderr: ''});
  // The same text from another file.
  await cp(`${host.folder}/t/publisher.conf`, `${host.folder}/t/publisher.conf.192.168.20.0`);
  t.deepEqual(await host.template('diff', '--exit-code'), {status: 0, stdout: '', stderr: ''});
});

test('a difference to what is live: unified text first, then what it means, in lines that begin with #', async t => {
  const host = await templateFolder(t);
  await goLive(host);
  const {folder, template} = host;
  await writeFile(`${folder}/data.json`, JSON.stringify({...data, networks: ['10.1.0.0/29', '10.1.0.16/29', '10.1.0.24/29']}));
  const {status, stdout, stderr} = await template('diff');
  t.is(stderr, '');
  t.is(status, 0);
  const file = `${folder}/etc/bird/conf.d/publisher.conf`;
  t.deepEqual(stdout.split('\n').slice(0, 13), [
    `--- ${file}\tlive`,
    `+++ ${file}\tfrom ${folder}/t/publisher.conf`,
    '@@ -2,7 +2,8 @@',
    ' protocol static romana {',
    '   ipv4;',
    '   route 10.1.0.0/29 reject;',
    '-  route 10.1.0.8/29 reject;',
    '+  route 10.1.0.16/29 reject;',
    '+  route 10.1.0.24/29 reject;',
    ' }',
    ' ',
    ' protocol bgp romana_bgp {',
    '',
  ]);
  const foresight = stdout.split('\n').slice(13, -1);
  t.is(foresight[0], '# Prefixes: + 10.1.0.16/29, + 10.1.0.24/29, - 10.1.0.8/29');
  t.true(
    foresight.every(line => line.startsWith('# ')),
    stdout,
  );
  t.is((await template('diff', '--exit-code')).status, 1);
});

test('what neighbours do not get to hear is no announced prefix', async t => {
  const host = await templateFolder(t);
  await goLive(host);
  const deaf = publisher.replace('export where proto = "romana"', 'export none');
  await host.write('t/publisher.conf', deaf);
  const {stdout} = await host.template('diff');
  t.true(stdout.includes('\n# Prefixes: - 10.1.0.0/29, - 10.1.0.8/29\n'), stdout);
  t.regex(stdout, /\n# refused \(guard withdraw\): 2 of 2 announced prefixes \(100 %\) would be withdrawn at once, /);
});

test('sessions that would restart are named with the reason, other changes without harm are not', async t => {
  const host = await templateFolder(t);
  await goLive(host);
  await host.write('t/publisher.conf', publisher.replace('as 65001;', 'as 65001;\n  hold time 9;').replace('as 65001;', 'as 65002;'));
  const {stdout} = await host.template('diff');
  t.regex(stdout, /\n# Prefixes: no change\n# Sessions: romana_bgp restarts: .*neighbor .* → .*; hold time .* → 9\b.*\n$/);
  const {sessions} = JSON.parse((await host.template('diff', '-f', 'json')).stdout);
  t.like(sessions, [{name: 'romana_bgp', kind: 'bgp', isSession: true, action: 'restart'}]);

  await host.write('t/publisher.conf', publisher.replace('{{#each Networks4}}', '  route 10.1.0.64/29 reject;\n{{#each Networks4}}'));
  const routes = await host.template('diff');
  t.true(routes.stdout.endsWith('\n# Prefixes: + 10.1.0.64/29\n# Sessions: no change\n'), routes.stdout);
});

test('on a host without BIRD files everything is new', async t => {
  const {folder, template} = await templateFolder(t);
  const {stdout} = await template('diff');
  t.true(stdout.startsWith(`--- /dev/null\n+++ ${folder}/etc/bird/bird.conf\tfrom ${folder}/t/bird.conf\n@@ -0,0 `), stdout);
  t.true(stdout.includes(`\n+++ ${folder}/etc/bird/conf.d/publisher.conf\t`), stdout);
  t.true(stdout.includes('\n# Prefixes: + 10.1.0.0/29, + 10.1.0.8/29\n'), stdout);
});

test('against the templates of another folder, as JSON, and with a guard that would refuse', async t => {
  const host = await templateFolder(t);
  await goLive(host);
  await host.write('t/publisher.conf', publisher.replace('{{#each Networks4}}', '  route 8.8.8.0/24 reject;\n{{#each Networks4}}'));
  const {status, stdout} = await host.template('diff', '--against', `${host.folder}/old`, '-f', 'json', '--exit-code');
  t.is(status, 1);
  const {diff, added, withdrawn, findings} = JSON.parse(stdout);
  t.true(diff.includes(`\tfrom ${host.folder}/old/publisher.conf\n+++ `), diff);
  t.true(diff.includes('\n+  route 8.8.8.0/24 reject;\n'), diff);
  t.deepEqual(added, ['8.8.8.0/24']);
  t.deepEqual(withdrawn, []);
  t.like(findings, [{guard: 'foreign', level: 'refuse', file: `${host.folder}/t/publisher.conf`, line: 4}]);
});

test('a wrong template of the other folder is named', async t => {
  const host = await templateFolder(t);
  await host.write('old/bird.conf', '');
  await host.write('old/publisher.conf', '{{Nothing}}\n');
  const {status, stderr} = await host.template('diff', '--against', `${host.folder}/old`);
  t.is(status, 1);
  t.is(
    stderr,
    `romana: cannot render publisher.conf: "Nothing" is not defined (${host.folder}/old/publisher.conf:1:3)\n{{Nothing}}\n  ^\n`,
  );
});

test('the live files may be those of another place', async t => {
  const host = await templateFolder(t);
  await goLive(host);
  await cp(`${host.folder}/etc`, `${host.folder}/elsewhere`, {recursive: true});
  const {folder, template} = host;
  const paths = ['--bird-conf', `${folder}/elsewhere/bird/bird.conf`, '--conf-dir', `${folder}/elsewhere/bird/conf.d`];
  t.is((await template('diff', '--exit-code', ...paths)).status, 0);
  await writeFile(`${folder}/elsewhere/bird/bird.conf`, 'protocol device {}\n');
  const {stdout} = await template('diff', ...paths);
  t.true(stdout.startsWith(`--- ${folder}/elsewhere/bird/bird.conf\tlive\n`), stdout);
});

test('files that BIRD refuses have no effects: the place is told in their stead, and the exit status is 1', async t => {
  const host = await templateFolder(t);
  await goLive(host);
  await host.write('t/publisher.conf', publisher.replace('    import none;', '\t  imprt none;').replace('as 65001;', 'as 65002;'));
  const {status, stdout, stderr} = await host.template('diff');
  t.is(status, 1);
  t.true(stdout.includes('\n+\t  imprt none;\n'), stdout);
  t.true(stdout.endsWith('\n# BIRD refuses these files: nothing of this would go live\n'), stdout);
  t.deepEqual(stdout.match(/^# .*$/gm)?.length, 1, 'no session is said to restart');
  t.regex(stderr, /^romana: BIRD refuses its configuration: syntax error.* \(\S+\/t\/publisher\.conf:13\)\n\t {2}imprt none;\n\t {2}\^\n$/);

  const json = await host.template('diff', '-f', 'json');
  t.is(json.status, 1);
  const {diff, syntax, refusal, ...effects} = JSON.parse(json.stdout);
  t.true(stdout.startsWith(diff));
  t.is(syntax, 'refused');
  t.is(`romana: ${refusal}\n`, stderr);
  t.deepEqual(effects, {});
});

test('files that BIRD refuses are refused, too, where they are live already', async t => {
  const host = await templateFolder(t, {'publisher.conf': publisher.replace('import none', 'imprt none')});
  await goLive(host);
  const {status, stdout, stderr} = await host.template('diff');
  t.is(status, 1);
  t.is(stdout, '');
  t.regex(stderr, /^romana: BIRD refuses its configuration: .*publisher\.conf:13\)\n/);
});

test('a bird.conf that does not take publisher.conf in is no configuration to tell effects of', async t => {
  const host = await templateFolder(t);
  await goLive(host);
  await host.write('t/bird.conf', 'protocol device {}\n');
  const {status, stdout, stderr} = await host.template('diff');
  t.is(status, 1);
  t.true(stdout.endsWith('\n# BIRD refuses these files: nothing of this would go live\n'), stdout);
  t.regex(stderr, /^romana: \S+\/t\/bird\.conf does not include \S+\/publisher\.conf, nothing would be announced: /);
});

test('where there is no BIRD to ask, the effects are told all the same', async t => {
  const host = await templateFolder(t);
  await goLive(host);
  await host.write('t/publisher.conf', publisher.replace('as 65001;', 'as 65002;'));
  const publish = {templates: `${host.folder}/t`, birdConf: `${host.folder}/etc/bird/bird.conf`, confDir: `${host.folder}/etc/bird/conf.d`};
  const yaml = await host.write('no-bird.yaml', JSON.stringify({agent: {publish: {...publish, birdCommand: `${host.folder}/none`}}}));
  const {status, stdout, stderr} = await host.template('diff', '--romana-config', yaml);
  t.is(status, 0);
  t.is(stderr, 'romana: BIRD was not found, the syntax is not checked\n');
  t.regex(stdout, /\n# Sessions: romana_bgp restarts: /);

  const named = await host.template('diff', '--bird', `${host.folder}/none`);
  t.is(named.status, 1);
  t.regex(named.stderr, /^romana: cannot check: ".*\/none" cannot be run\n$/);
});

test('the folder of a shipped template lacks the static bird.conf: what to copy is said', async t => {
  const {folder, template, write} = await templateFolder(t);
  const shipped = path.resolve('templates/bird2/bgp');
  const {status, stdout, stderr} = await template('diff', '--against', shipped);
  t.deepEqual([status, stdout], [1, '']);
  t.regex(
    stderr,
    /^romana: no template for bird\.conf: none of bird\.conf\.192\.168\.20\.30, .* in \S+\/templates\/bird2\/bgp: copy a sample there, such as bird\/bird\.conf\n$/,
  );
  for (const file of ['bird/bird.conf', `${shipped}/publisher.conf`])
    await write(`copy/${path.basename(file)}`, await readFile(file, 'utf8'));
  t.is((await template('diff', '--against', `${folder}/copy`)).status, 0);
});
