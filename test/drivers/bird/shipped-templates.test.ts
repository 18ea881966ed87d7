import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {type BirdFile, desiredBirdFiles} from '../../../src/core/desired-bird-files.ts';
import {systemFiles} from '../../../src/system/file-system.ts';
import {createRun} from '../../../src/system/run.ts';
import {birdPaths, birdRoutes, startBird} from '../../helpers/bird.ts';
import {bird1Missing, bird1Programs} from '../../helpers/bird1.ts';
import {temporaryFolder} from '../../helpers/folder.ts';
import {connect, createNamespace, namespaceTest} from '../../helpers/namespace.ts';
import {nodeState} from '../../helpers/node-state.ts';
import {repository, shippedTemplates, type Vars} from '../../helpers/shipped-templates.ts';
import {replacedVars, varsCases} from '../../helpers/shipped-vars.ts';
import {templateVariants} from '../../helpers/template-variants.ts';
import {waitFor} from '../../helpers/wait.ts';

const shipped = (file: string) => ({file: path.join(repository, file), text: readFileSync(path.join(repository, file), 'utf8')});
const birdConf = shipped('bird/bird.conf');
const run = createRun();

for (const template of shippedTemplates) {
  test(`every Var of ${template.name} stands in its head, and no other one`, t => {
    const [head = ''] = template.text.split('--}}');
    const body = template.text.slice(head.length);
    const used = [...body.matchAll(/Vars\.(\w+)|Vars "(\w+)"/g)].map(([, plain, quoted]) => plain ?? quoted ?? '');
    const byHelper = body.includes('(neighbors Vars LocalAS)') ? ['neighbor', 'neighborAs', 'neighbors'] : [];
    const listed = [...head.matchAll(/^ {2}(\w+) {2,}\S/gm)].map(([, name]) => name).filter(name => name !== 'Vars');
    t.deepEqual([...new Set([...used, ...byHelper])].toSorted(), listed.toSorted());
    // The goldens show each of them.
    t.deepEqual([...Object.keys(varsCases(template, 'dual').full.vars), ...replacedVars[template.kind]].toSorted(), listed.toSorted());
  });
}

// UPDATE_GOLDENS=1 writes the derived templates anew.
test('derived templates are in step with those that they are derived from', t => {
  for (const {name, from, derive} of templateVariants) {
    const file = path.join(repository, 'templates', name, 'publisher.conf');
    const text = derive(readFileSync(path.join(repository, 'templates', from, 'publisher.conf'), 'utf8'));
    if (process.env['UPDATE_GOLDENS'] === '1') {
      mkdirSync(path.dirname(file), {recursive: true});
      writeFileSync(file, text);
    }
    t.is(readFileSync(file, 'utf8'), text, name);
  }
  const derived = templateVariants.map(({name}) => name);
  t.deepEqual(
    shippedTemplates.map(({name}) => name).filter(name => !derived.includes(name)),
    ['bird2/bgp', 'bird2/ospf', 'bird1/bgp', 'bird1/ospf'],
  );
});

for (const file of ['bird.conf', 'tor.conf', 'tor-ospf.conf', 'spine.conf']) {
  test(`bird -p takes bird/${file}`, async t => {
    await t.notThrowsAsync(checkAlone(await temporaryFolder(t), 'bird', `bird/${file}`));
  });
}

for (const [family, file] of [
  ['ipv4', 'bird.conf'],
  ['ipv6', 'bird6.conf'],
] as const) {
  const title = `BIRD 1.6 takes bird/bird1/${file}`;
  if (bird1Missing !== undefined) test.skip(`${title} (${bird1Missing})`, () => {});
  else
    test(title, async t => {
      await t.notThrowsAsync(checkAlone(await temporaryFolder(t), bird1Programs[family], `bird/bird1/${file}`));
    });
}

/** Asks BIRD about a file with an empty conf.d beside it. */
async function checkAlone(folder: string, program: string, file: string): Promise<void> {
  await mkdir(path.join(folder, 'conf.d'));
  await systemFiles.write(path.join(folder, 'bird.conf'), shipped(file).text, 0o644);
  await run(program, ['-p', '-c', path.join(folder, 'bird.conf')]);
}

const netTest = namespaceTest();

for (const [kind, vars] of Object.entries({bgp: {neighbor: '192.168.20.1'}, ospf: {interface: 'eth0'}})) {
  netTest(`two hosts with the shipped ${kind} files: the other one learns both families`, async t => {
    const template = shipped(`templates/bird2/${kind}/publisher.conf`);
    const host = await createNamespace(t, `${kind}-host`);
    const tor = await createNamespace(t, `${kind}-tor`);
    await connect(host, tor, {
      addresses: [
        ['192.168.20.30/24', '2001:db8::30/64'],
        ['192.168.20.1/24', '2001:db8::1/64'],
      ],
    });
    const blocks = ['10.1.0.0/29', '10.1.0.8/29', '2001:db8:1::/122'];
    const quick = {connectRetryTime: 1, helloInterval: 1, deadCount: 4, type: 'ptp'};
    const start = async (namespace: typeof host, options: {address: string; address6: string; blocks: string[]; vars: Vars}) => {
      const folder = await temporaryFolder(t);
      const set = render(folder, {addresses: [options.address, options.address6], blocks: options.blocks, vars: options.vars, template});
      for (const {path: file, text} of set) await systemFiles.write(file, text, 0o644);
      return startBird(t, namespace, birdPaths(folder));
    };
    await start(host, {address: '192.168.20.30/24', address6: '2001:db8::30/64', blocks, vars: {...vars, ...quick}});
    const {control} = await start(tor, {
      ...{address: '192.168.20.1/24', address6: '2001:db8::1/64', blocks: []},
      vars: {...vars, ...quick, ...(kind === 'bgp' ? {neighbor: '192.168.20.30'} : {}), import: 'all'},
    });
    await waitFor(`the ToR has learned ${blocks.join(', ')}`, async () => {
      const learned = await birdRoutes(control);
      return blocks.every(prefix => learned.includes(prefix));
    });
    // The ToR's kernel4 and kernel6 give it to the kernel; the host's own static routes stay out of its own.
    await waitFor('the routes are in the kernel', async () =>
      /10\.1\.0\.0\/29 .*via 192\.168\.20\.30/.test(await tor.run('ip', ['route'])),
    );
    t.notRegex(await host.run('ip', ['route']), /10\.1\.0\./);
  });
}

netTest('the shipped bird.conf alone starts', async t => {
  const namespace = await createNamespace(t, 'plain');
  await namespace.run('ip', ['address', 'add', '192.0.2.1/32', 'dev', 'lo']);
  const paths = birdPaths(await temporaryFolder(t));
  await systemFiles.write(paths.birdConf, birdConf.text, 0o644);
  // BIRD takes a pattern that matches nothing, but not a folder that is missing.
  await mkdir(paths.confDir);
  const {control} = await startBird(t, namespace, paths);
  t.deepEqual(await birdRoutes(control), []);
});

netTest('a host without any IPv4 address and without any block starts: publisher.conf gives the router id', async t => {
  const namespace = await createNamespace(t, 'v6only');
  const folder = await temporaryFolder(t);
  const set = render(folder, {
    addresses: ['2001:db8::30/64'],
    blocks: [],
    vars: {neighbor: '2001:db8::1'},
    template: shipped('templates/bird2/bgp/publisher.conf'),
  });
  for (const {path: file, text} of set) await systemFiles.write(file, text, 0o644);
  const {control} = await startBird(t, namespace, birdPaths(folder));
  const {lines} = await control.command('show status');
  t.true(lines.includes('Router ID is 203.127.127.231'));
});

interface RenderOptions {
  readonly addresses: readonly string[];
  readonly blocks: readonly string[];
  readonly vars: Vars;
  readonly template: ReturnType<typeof shipped>;
}

function render(folder: string, {addresses, blocks, vars, template}: RenderOptions): BirdFile[] {
  const {birdConf: conf, confDir} = birdPaths(folder);
  return desiredBirdFiles(nodeState({addresses, blocks, publish: {birdConf: conf, confDir, vars}, templates: [birdConf, template]}));
}
