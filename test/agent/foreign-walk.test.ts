import {readdir} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {fetchAgentObjects} from '../../src/agent/client.ts';
import {birdRoutes, type RunningBird} from '../helpers/bird.ts';
import {namespaceTest} from '../helpers/namespace.ts';
import {createRandom, type Random, seed} from '../helpers/random.ts';
import {waitFor} from '../helpers/wait.ts';
import type {AgentProcess} from './agent-host.ts';
import {blockRecord, createForeignHost, type ForeignHost, hostRecords, keys} from './foreign-host.ts';
import {told, untold} from './foreign-meddling.ts';
import {blockCounts, expectedAnnounced, expectedOurs, families, type Model} from './foreign-oracle.ts';

// A walk of the real program, with everything switched on, among others who change the same things. SEED=… in the environment walks it again.

const test = namespaceTest({isSerial: true});
const rounds = 10;
const turnsOfRound = 3;

const others: Readonly<Record<string, readonly string[]>> = {
  'host-2': ['192.168.20.31', '192.168.21.31', '2001:db8::31', '2001:db8:21::31'],
  'host-3': ['192.168.20.32'],
  // Only on the second link.
  'host-4': ['192.168.21.33', '2001:db8:21::33'],
  // Behind a gateway.
  'host-5': ['172.16.0.5'],
  // IPv4 by an IPv6 next hop.
  'host-6': ['2001:db8::36'],
};
const names: [string, ...string[]] = ['host-2', 'host-3', 'host-4', 'host-5', 'host-6'];
const vips: readonly [string, string, string[]][] = [
  ['web', '192.168.20.200', []],
  ['mail', '192.168.20.201', ['host-1', 'host-2']],
  ['elsewhere', '192.168.20.202', ['host-2']],
  ['six', '2001:db8::200', []],
];

interface Walk {
  readonly host: ForeignHost;
  readonly model: Model;
  readonly random: Random;
  readonly path: string[];
  agent: AgentProcess;
  bird: RunningBird;
}

async function startWalk(t: ExecutionContext, label: string): Promise<Walk> {
  const model: Model = {
    hosts: new Map(Object.entries(others)),
    owners: new Map([
      ['4 0', 'host-1'],
      ['6 0', 'host-1'],
      ['4 1', 'host-2'],
      ['6 1', 'host-2'],
      ['4 2', 'host-3'],
    ]),
    vips: new Set(),
    eth1: {isUp: true, isFarUp: true, hasIpv4: true},
  };
  const host = await createForeignHost(t, label, model);
  const bird = await host.startBird();
  const agent = await host.startAgent();
  await host.until('the agent has settled', ({pass}) => pass?.isGood === true);
  for (const [name, ...args] of [
    ['vm', '--ip', '10.1.0.3', '--ip', 'fd00:10:1::3', '--interface', 'tap3'],
    ['dns', '--ip', '10.1.0.4', '--ip', 'fd00:10:1::4', '--local'],
  ]) {
    const {stderr} = await host.romana('endpoint', 'add', name ?? '', ...args);
    if (stderr !== '') throw new Error(stderr);
  }
  const walk = {host, model, random: createRandom(seed), path: [], agent, bird};
  for (const [name] of vips) await putVip(walk, name);
  return walk;
}

const storeChanges: Readonly<Record<string, (walk: Walk) => Promise<void>>> = {
  async 'blocks change'({host, model, random}) {
    const changes = Array.from({length: random.between(1, 5)}, () => {
      const family = random.pick(families);
      const block = `${family} ${random.between(1, blockCounts[family] - 1)}`;
      const owner = random.pick(['host-1', ...names, '', undefined]);
      if (owner === undefined) model.owners.delete(block);
      else model.owners.set(block, owner);
      const [key, record] = blockRecord(block, owner ?? '');
      return [key, ...(owner === undefined ? [] : [record])] as const;
    });
    await host.store(changes);
  },
  async 'a host comes or goes'({host, model, random}) {
    const name = random.pick(names);
    const records = hostRecords(name, others[name] ?? []);
    if (model.hosts.delete(name)) await host.store(records.map(([key]) => [key]));
    else {
      model.hosts.set(name, others[name] ?? []);
      await host.store(records);
    }
  },
  async 'a VIP comes or goes'(walk) {
    const {host, model, random} = walk;
    const [name, ip] = random.pick([vips[0], vips[1], vips[2], vips[3]].filter(vip => vip !== undefined) as never) as [string, string];
    if (model.vips.delete(ip)) await host.store([[keys.vip(name)]]);
    else await putVip(walk, name);
  },
};

async function putVip({host, model}: Walk, name: string) {
  const [, ip = '', hosts = []] = vips.find(([other]) => other === name) ?? [];
  if (hosts.length === 0 || hosts.includes('host-1')) model.vips.add(ip);
  await host.store([[keys.vip(name), {name, ip, hosts}]]);
}

/** What happens to links and programs. */
const faults: Readonly<Record<string, (walk: Walk) => Promise<void>>> = {
  async 'eth1 goes down or up'({host, model: {eth1}}) {
    eth1.isUp = !eth1.isUp;
    await host.ip(`link set eth1 ${eth1.isUp ? 'up' : 'down'}`);
  },
  async 'the far end of eth1 goes down or up'({host, model: {eth1}}) {
    eth1.isFarUp = !eth1.isFarUp;
    await host.far.run('ip', ['link', 'set', 'eth1', eth1.isFarUp ? 'up' : 'down']);
  },
  async 'the address of eth1 goes or comes'({host, model: {eth1}}) {
    eth1.hasIpv4 = !eth1.hasIpv4;
    await host.ip(`address ${eth1.hasIpv4 ? 'add' : 'del'} 192.168.21.30/24 dev eth1`);
  },
  async 'eth0 goes down and up'({host}) {
    await host.ip('link set eth0 down');
    await host.ip('link set eth0 up');
  },
  async 'the far end of eth0 goes down and up'({host}) {
    await host.far.run('ip', ['link', 'set', 'eth0', 'down']);
    await waitFor('the carrier is gone', async () => (await host.ip('link show eth0')).includes('NO-CARRIER'));
    await host.far.run('ip', ['link', 'set', 'eth0', 'up']);
  },
  async 'the agent is killed'(walk) {
    await walk.agent.end('SIGKILL');
    await change(walk, told);
    await change(walk, storeChanges);
    walk.agent = await walk.host.startAgent();
  },
  async 'the agent is stopped'(walk) {
    await walk.agent.end('SIGTERM');
    await change(walk, storeChanges);
    walk.agent = await walk.host.startAgent();
  },
  async 'BIRD is killed'(walk) {
    await walk.bird.kill();
    await change(walk, storeChanges);
    walk.bird = await walk.host.startBird();
  },
};

/** Makes one of the changes, whichever comes. */
async function change(walk: Walk, changes: Readonly<Record<string, (...args: never) => Promise<void>>>): Promise<void> {
  const [first = '', ...rest] = Object.keys(changes);
  const name = walk.random.pick([first, ...rest]);
  walk.path.push(name);
  if (changes === storeChanges || changes === faults) await (changes[name] as (typeof faults)[string])(walk);
  else await (changes[name] as (typeof told)[string])(walk.host, walk.model, walk.random);
}

const isWhole = ({eth1}: Model) => eth1.isUp && eth1.isFarUp && eth1.hasIpv4;

/** All is as it should be: the kernel by the oracle, BIRD, what the agent says of itself, and everything of others'. */
async function expectAllRight(
  t: ExecutionContext,
  {host, model, bird, agent: {log}, path: way}: Walk,
  foreign: readonly string[],
): Promise<void> {
  const where = `SEED=${seed}, after ${way.join(', ')}`;
  const same = async (what: string, wanted: readonly string[], read: () => Promise<readonly string[]>) => {
    let actual = await read();
    const isSame = () => actual.join('\n') === wanted.join('\n');
    await waitFor(what, async () => {
      if (!isSame()) actual = await read();
      return isSame();
    }).catch(() => undefined);
    const missing = wanted.filter(line => !actual.includes(line)).map(line => `- ${line}`);
    const extra = actual.filter(line => !wanted.includes(line)).map(line => `+ ${line}`);
    if (!isSame())
      t.log(
        log
          .slice(-25)
          .map(line => JSON.stringify(line))
          .join('\n'),
        JSON.stringify((await host.status()).vips),
      );
    t.deepEqual(actual, wanted, [`${what}, ${where}:`, ...missing, ...extra].join('\n'));
  };
  await same('what is ours', expectedOurs(model), host.readOurs);
  await same('what BIRD announces', expectedAnnounced(model), () => birdRoutes(bird.control));
  await same('what the agent says is not as wanted', [], async () => {
    const objects = await fetchAgentObjects(`${host.folder}/run/agent.sock`);
    return objects.filter(object => !('state' in object) || object.state !== 'as wanted').map(object => JSON.stringify(object));
  });
  await same("what is others'", foreign, () => host.readForeign(isWhole(model)));
}

test(`a walk of the whole agent among others ends each time as wanted, and everything of others survives it and what comes after (SEED=${seed})`, async t => {
  const walk = await startWalk(t, 'walk');
  const {host, model, random} = walk;
  const foreign = await host.readForeign(true);
  const check = async () => {
    await host.restoreForeign(model);
    await expectAllRight(t, walk, isWhole(model) ? foreign : foreign.filter(line => !line.includes(' dev eth1')));
    walk.path.push('|');
  };
  await check();
  for (let round = 1; round <= rounds; round += 1) {
    for (let turn = 0; turn < turnsOfRound; turn += 1) {
      const kinds = random.pick([[told], [told], [storeChanges], [storeChanges, told], [faults], [faults, told]]);
      for (const kind of kinds) await change(walk, kind);
    }
    // A look at these takes seconds to come.
    if (round % 5 === 0) for (let count = 0; count < 3; count += 1) await change(walk, untold);
    await check();
  }
  await makeWhole(walk);
  await check();
  t.false(
    walk.agent.log.some(({level}) => Number(level) >= 60),
    JSON.stringify(walk.agent.log),
  );

  t.is(await walk.agent.end('SIGTERM'), 0);
  const lasting = (lines: readonly string[]) => lines.filter(line => !line.endsWith(' 1144'));
  t.deepEqual(lasting(await host.readOurs()), lasting(expectedOurs(model)), 'stopping changes nothing');
  t.deepEqual(await host.readForeign(true), foreign, 'stopping changes nothing of others');
  const {status, stdout, stderr} = await host.romana('agent', 'clean');
  t.deepEqual([status, stderr], [0, ''], stdout);
  t.deepEqual(await host.readOurs(), []);
  t.deepEqual(await host.readForeign(true), foreign);
  const text = await host.namespace.run('sh', ['-c', 'iptables-nft-save; ip6tables-nft-save; ip link show']);
  t.false(/ROMANA|altname rom[0-9a-f]{11}/.test(text), text);
  const files = await Promise.all(['conf.d', 'iproute2'].map(name => readdir(path.join(host.folder, name), {recursive: true})));
  t.deepEqual(files.flat().toSorted(), ['others.conf', 'rt_protos.d', 'rt_tables.d', 'rt_tables.d/others.conf']);
});

test('what somebody deletes of ours is back long before the next look at everything, of whatever kind', async t => {
  const walk = await startWalk(t, 'deleted');
  const {host, model, random} = walk;
  const wanted = expectedOurs(model).join('\n');
  const isRight = async () => (await host.readOurs()).join('\n') === wanted;
  await waitFor('all is there', isRight);
  for (const kind of [
    'flush table 10',
    'delete the rules',
    'delete what is unreachable',
    'delete routes to endpoints',
    'delete addresses of VIPs',
  ]) {
    let left = 4;
    // A look at everything comes every 10 s: four would take it 30 at least.
    await waitFor(
      `four times, what "${kind}" took is back`,
      async () => {
        if (!(await isRight())) return false;
        left -= 1;
        await told[kind]?.(host, model, random);
        return left < 0;
      },
      25_000,
    );
  }
  const repaired = new Set(walk.agent.log.flatMap(({msg, driver}) => (msg === 'drift repaired' ? [String(driver)] : [])));
  t.deepEqual([...repaired].toSorted(), ['block-routes', 'endpoint-routes', 'neighbour-routes', 'rules']);
});

async function makeWhole(walk: Walk): Promise<void> {
  const {eth1} = walk.model;
  if (!eth1.isUp) await faults['eth1 goes down or up']?.(walk);
  if (!eth1.isFarUp) await faults['the far end of eth1 goes down or up']?.(walk);
  if (!eth1.hasIpv4) await faults['the address of eth1 goes or comes']?.(walk);
}
