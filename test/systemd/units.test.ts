import {spawnSync} from 'node:child_process';
import {chmod, chown, mkdir, readdir, readFile, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {Config} from '../../src/config/schema.ts';
import {createAgentHost} from '../agent/agent-host.ts';
import {birdRoutes} from '../helpers/bird.ts';
import {temporaryFolder} from '../helpers/folder.ts';
import {namespaceTest} from '../helpers/namespace.ts';
import {parseUnit, words} from './unit.ts';

const root = path.resolve(import.meta.dirname, '../..');
const folder = path.join(root, 'systemd');
const program = path.join(root, 'bin/romana');
const units = ['romana-agent', 'romana-daemon', 'romana-ipamd'] as const;
const fileOf = (unit: string) => path.join(folder, `${unit}.service`);
const agent = parseUnit(fileOf('romana-agent'));

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
const systemdTest = hasSystemd ? test : test.skip;

systemdTest(`systemd takes every unit${hasSystemd ? '' : ' (needs systemd-analyze)'}`, async t => {
  const copies = await temporaryFolder(t);
  // The program need not be installed here, nor BIRD as a service.
  const installed = (text: string) => text.replaceAll('/usr/bin/romana', program);
  for (const unit of units) await writeFile(path.join(copies, `${unit}.service`), installed(await readFile(fileOf(unit), 'utf8')));
  await writeFile(path.join(copies, 'bird.service'), '[Service]\nExecStart=/bin/true\n');
  await mkdir(path.join(copies, 'bird.service.d'));
  const dropIn = (await readFile(path.join(folder, 'bird.service.d/romana.conf'), 'utf8')).replaceAll(
    /^ExecStartPre=\/usr\/(lib|sbin).*\n/gm,
    '',
  );
  await writeFile(path.join(copies, 'bird.service.d/romana.conf'), dropIn);
  const files = (await readdir(copies)).filter(name => name.endsWith('.service')).map(name => path.join(copies, name));
  t.is(files.length, units.length + 1);
  const {status, stderr} = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], {encoding: 'utf8'});
  t.is(stderr, '');
  t.is(status, 0);
});

for (const name of units) {
  const unit = parseUnit(fileOf(name));

  test(`${name}: its command lines are ones that the program takes`, t => {
    const [start = '', ...none] = unit.get('Service')?.get('ExecStart') ?? [];
    t.deepEqual(none, []);
    const [command, ...args] = start.split(' ');
    t.is(command, '/usr/bin/romana');
    const {status, stderr} = spawnSync(program, [...args, '--check-config', '--config', '/dev/null'], {encoding: 'utf8'});
    t.deepEqual([status, stderr], [0, '']);
    const [check = ''] = unit.get('Service')?.get('ExecStartPre') ?? [];
    t.is(check, `/bin/sh -c '${start} --check-config >/dev/null'`);
  });

  test(`${name}: it says itself when it is ready, starts again, and is not tried again with a wrong configuration`, t => {
    t.like(Object.fromEntries(unit.get('Service') ?? []), {
      Type: ['notify'],
      NotifyAccess: ['all'],
      Restart: ['always'],
      RestartPreventExitStatus: ['2'],
      WatchdogSec: ['60'],
      KillMode: ['mixed'],
    });
    t.true(Number(words(unit, 'Unit', 'StartLimitBurst')[0]) > 0);
    const [{status} = {status: null}] = [spawnSync(program, [...words(unit, 'Service', 'ExecStart').slice(1), '--nonsense'])];
    t.is(status, 2);
  });
}

test('the agent starts after the network and BIRD, lives without either, and undoes nothing at its end', t => {
  const order = ['network-online.target', 'bird.service'];
  t.deepEqual(words(agent, 'Unit', 'After'), order);
  t.deepEqual(words(agent, 'Unit', 'Wants'), order);
  for (const bond of ['Requires', 'Requisite', 'BindsTo', 'PartOf']) t.deepEqual(words(agent, 'Unit', bond), [], bond);
  for (const end of ['ExecStop', 'ExecStopPost']) t.deepEqual(words(agent, 'Service', end), [], end);
  const bird = parseUnit(path.join(folder, 'bird.service.d/romana.conf'));
  t.false(bird.has('Unit'), 'BIRD waits for nobody');
});

test('all that the agent writes by default lies where its unit lets it write', t => {
  const {stateDir, socket, publish} = Config.parse({}).agent;
  const writable = [
    ...words(agent, 'Service', 'ReadWritePaths').map(file => file.replace(/^-/, '')),
    ...words(agent, 'Service', 'StateDirectory').map(name => `/var/lib/${name}`),
    ...words(agent, 'Service', 'RuntimeDirectory').map(name => `/run/${name}`),
  ];
  for (const file of [stateDir, socket, publish.birdConf, publish.confDir, '/etc/iproute2', '/run/xtables.lock']) {
    t.true(
      writable.some(around => file === around || file.startsWith(`${around}/`)),
      file,
    );
  }
  t.deepEqual(words(agent, 'Service', 'ProtectKernelTunables'), [], 'it sets kernel settings');
});

namespaceTest()('with no other rights than its unit gives, the agent does its work: for files of another user, too', async t => {
  const capabilities = words(agent, 'Service', 'CapabilityBoundingSet').map(name => `+${name.replace('CAP_', '').toLowerCase()}`);
  t.true(capabilities.length > 0);
  const host = await createAgentHost(t, 'rights');
  const {birdConf, confDir} = host.paths;
  const [uid, gid] = [12_345, 12_345];
  for (const file of [birdConf, confDir]) {
    await chmod(file, file === confDir ? 0o750 : 0o640);
    await chown(file, uid, gid);
  }
  await host.startEtcd();
  await host.putHosts('host-1 192.168.20.30', 'host-2 192.168.20.31');
  await host.putBlocks('10.1.0.0/29 host-1', '10.1.0.8/29 host-2');
  const bird = await host.startBird();
  await chown(host.paths.birdSocket, uid, gid);
  await chmod(host.paths.birdSocket, 0o660);
  const process = await host.startAgent({through: ['setpriv', '--no-new-privs', `--bounding-set=-all,${capabilities.join()}`, '--']});
  await host.until('the agent has settled', status => status.pass?.isGood === true && status.bird?.isStale === false);
  t.deepEqual(await birdRoutes(bird.control), ['10.1.0.0/29']);
  t.is((await host.ours()).length, 4);
  const {uid: owner} = await stat(path.join(confDir, 'publisher.conf'));
  t.is(owner, uid, 'BIRD may read it');
  t.deepEqual(
    process.log.filter(({level}) => Number(level) >= 40),
    [],
  );
  t.is(await process.end('SIGTERM'), 0);
});
