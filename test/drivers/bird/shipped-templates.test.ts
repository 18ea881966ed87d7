import {readFileSync} from 'node:fs';
import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {type BirdFile, desiredBirdFiles} from '../../../src/core/desired-bird-files.ts';
import {createBirdCheck} from '../../../src/drivers/bird/staging.ts';
import {systemFiles} from '../../../src/system/file-system.ts';
import {createRun} from '../../../src/system/run.ts';
import {birdPaths, birdRoutes, startBird} from '../../helpers/bird.ts';
import {temporaryFolder} from '../../helpers/folder.ts';
import {connect, createNamespace, namespaceTest} from '../../helpers/namespace.ts';
import {nodeState} from '../../helpers/node-state.ts';
import {waitFor} from '../../helpers/wait.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const shipped = (file: string) => ({file: path.join(root, file), text: readFileSync(path.join(root, file), 'utf8')});
const birdConf = shipped('bird/bird.conf');

type Vars = Readonly<Record<string, unknown>>;

const kinds: Readonly<Record<string, {template: ReturnType<typeof shipped>; vars: Vars; allVars: Vars}>> = {
  bgp: {
    template: shipped('templates/bird2/bgp/publisher.conf'),
    vars: {neighbor: '192.168.20.1'},
    allVars: {
      ...{
        neighbor: '192.168.20.1',
        neighborAs: 65000,
        localAs: 65001,
        routerId: '1.2.3.4',
        sourceAddress: '192.168.20.30',
        multihop: true,
        holdTime: 9,
      },
      ...{
        keepaliveTime: 3,
        connectRetryTime: 5,
        gracefulRestart: true,
        gracefulRestartTime: 30,
        connectDelayTime: 2,
        errorWaitTime: '1, 2',
        bfd: true,
        bfdInterval: 50,
        bfdMultiplier: 5,
        password: 'secret',
        import: 'all',
      },
    },
  },
  ospf: {
    template: shipped('templates/bird2/ospf/publisher.conf'),
    vars: {interface: 'eth0'},
    allVars: {
      ...{interface: 'eth*', area: 3, type: 'ptp', routerId: '1.2.3.4', helloInterval: 1, deadCount: 4, dead: 5, cost: 10, metric2: 50},
      ...{bfd: true, bfdInterval: 50, bfdMultiplier: 5, import: 'all'},
    },
  },
};

const families: Readonly<Record<string, {addresses: string[]; block: (index: number) => string}>> = {
  v4: {addresses: ['192.168.20.30/24'], block: block4},
  v6: {addresses: ['2001:db8::30/64'], block: block6},
  dual: {addresses: ['192.168.20.30/24', '2001:db8::30/64'], block: index => (index % 2 === 0 ? block4(index) : block6(index))},
};

for (const [kind, {template, vars, allVars}] of Object.entries(kinds)) {
  for (const [family, {addresses, block}] of Object.entries(families)) {
    for (const count of [0, 1, 1000]) {
      test(`bird -p takes ${kind}, ${family}, ${count} networks`, async t => {
        for (const given of [vars, allVars]) {
          const folder = await temporaryFolder(t);
          const blocks = Array.from({length: count}, (_, index) => block(index));
          const set = render(folder, {addresses, blocks, vars: given, template});
          const check = createBirdCheck({
            run: createRun(),
            files: systemFiles,
            ...birdPaths(folder),
            stageDir: path.join(folder, '.staged'),
          });
          await t.notThrowsAsync(check(set));
          t.is(set.flatMap(({text}) => text.match(/^ {2}route .* reject;$/gm) ?? []).length, count);
        }
      });
    }
  }

  test(`every Var of ${kind} stands in the head of its template`, t => {
    const [head = ''] = template.text.split('--}}');
    const used = [...template.text.slice(head.length).matchAll(/Vars\.(\w+)|Vars "(\w+)"/g)].map(
      ([, plain, quoted]) => plain ?? quoted ?? '',
    );
    const listed = [...head.matchAll(/^ {2}(\w+) {2,}\S/gm)].map(([, name]) => name).filter(name => name !== 'Vars');
    t.deepEqual([...new Set(used)].toSorted(), listed.toSorted());
    t.deepEqual(Object.keys(allVars).toSorted(), listed.toSorted());
  });
}

const netTest = namespaceTest();

for (const [kind, {template, vars}] of Object.entries(kinds)) {
  netTest(`two hosts with the shipped ${kind} files: the other one learns both families`, async t => {
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
      vars: {...vars, ...quick, neighbor: '192.168.20.30', import: 'all'},
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

function block4(index: number): string {
  return `10.1.${Math.floor(index / 32)}.${(index % 32) * 8}/29`;
}

function block6(index: number): string {
  return `2001:db8:1:${index.toString(16)}::/122`;
}
