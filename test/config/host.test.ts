import path from 'node:path';
import {pathToFileURL} from 'node:url';
import test from 'ava';
import {createReadSelf, readSelf} from '../../src/config/host.ts';
import type {Run} from '../../src/system/run.ts';
import {connect, createNamespace, namespaceTest} from '../helpers/namespace.ts';

const noRun: Run = () => Promise.reject(new Error('must not be asked'));

/** A machine with these default routes ("-4", "-6") and addresses of interfaces. */
function machine(routes: Readonly<Record<string, unknown>>, interfaces: Readonly<Record<string, readonly object[]>> = {}): Run {
  return async (_command, args) => {
    if (args.includes('route')) return JSON.stringify(routes[args[1] ?? ''] ?? []);
    return JSON.stringify([{addr_info: interfaces[args.at(-1) ?? ''] ?? []}]);
  };
}

const inet = (local: string, more = {}) => ({
  family: local.includes(':') ? 'inet6' : 'inet',
  local,
  prefixlen: local.includes(':') ? 64 : 24,
  scope: 'global',
  ...more,
});
const show = ({name, addresses}: Awaited<ReturnType<typeof readSelf>>) =>
  [name, ...addresses.map(({address, length}) => `${address}/${length}`)].join(' ');

test('what is configured is taken, IPv4 first, and the machine is not asked', async t => {
  const self = await readSelf({name: 'host-1', address: ['2001:DB8:0::30/64', '192.168.20.30/24']}, {run: noRun, hostname: 'other'});
  t.is(show(self), 'host-1 192.168.20.30/24 2001:db8::30/64');
  t.is(self.addresses[0]?.prefix as string, '192.168.20.0/24');
});

for (const [title, run, expected] of [
  [
    'the addresses of the interface of the default route',
    machine({'-4': [{dst: 'default', dev: 'eth1'}]}, {eth0: [inet('10.0.0.1')], eth1: [inet('192.168.20.30'), inet('2001:db8::30')]}),
    'box 192.168.20.30/24 2001:db8::30/64',
  ],
  [
    'no VIP that this host holds at the moment',
    machine(
      {'-4': [{dev: 'eth1'}]},
      {
        eth1: [
          inet('192.168.20.99', {prefixlen: 32, metric: 1144}),
          inet('192.168.20.30'),
          inet('2001:db8::99', {metric: 1144}),
          inet('2001:db8::30'),
        ],
      },
    ),
    'box 192.168.20.30/24 2001:db8::30/64',
  ],
  [
    'the first of each family',
    machine({'-4': [{dev: 'eth1'}]}, {eth1: [inet('192.168.20.30'), inet('192.168.20.40')]}),
    'box 192.168.20.30/24',
  ],
  ['an IPv6 default route alone', machine({'-6': [{dev: 'eth1'}]}, {eth1: [inet('2001:db8::30')]}), 'box 2001:db8::30/64'],
  [
    'neither link-local nor temporary addresses',
    machine(
      {'-6': [{dev: 'eth1'}]},
      {eth1: [inet('fe80::1', {scope: 'link'}), inet('2001:db8::77', {temporary: true}), inet('2001:db8::30')]},
    ),
    'box 2001:db8::30/64',
  ],
] as const) {
  test(`without configuration: ${title}`, async t => {
    t.is(show(await readSelf({}, {run, hostname: 'box'})), expected);
  });
}

test('a machine that cannot tell is an error that says what to configure', async t => {
  await t.throwsAsync(readSelf({}, {run: machine({}), hostname: 'box'}), {
    code: 'ERR_CONFIG',
    message: /^host\.address: got nothing, and there is no default route .*: expected address\/length$/,
  });
  await t.throwsAsync(readSelf({}, {run: machine({'-4': [{dev: 'eth1'}]}), hostname: 'box'}), {
    code: 'ERR_CONFIG',
    message: 'host.address: got nothing, and interface eth1 has no global address',
  });
});

/** A machine whose addresses change: those of eth0, which has the default route, and of others; counts the commands. */
function changingMachine() {
  const state = {eth0: ['192.168.20.30/24'], others: ['127.0.0.1/8'], linkDown: [''].slice(1), hasDefault: true, commands: 0};
  const run: Run = async (_command, args) => {
    state.commands += 1;
    if (args.includes('route')) return JSON.stringify(state.hasDefault && args[1] === '-4' ? [{dev: 'eth0'}] : []);
    const all = args.includes('dev') ? state.eth0 : [...state.eth0, ...state.others, ...state.linkDown];
    const infos = all.map(text => {
      const [local = '', length] = text.split('/');
      return {family: local.includes(':') ? 'inet6' : 'inet', local, prefixlen: Number(length), scope: 'global'};
    });
    return JSON.stringify([{addr_info: infos}]);
  };
  const interfaces = () => ({
    eth0: state.eth0.map(cidr => ({cidr})),
    others: state.others.map(cidr => ({cidr})),
    broken: [{cidr: null}],
    gone: undefined,
  });
  return {state, run, interfaces};
}

test('read again for every pass: no command runs while the addresses are the same', async t => {
  const {state, run, interfaces} = changingMachine();
  const read = createReadSelf({host: {}, run, hostname: 'box', interfaces});
  const first = await read();
  t.is(show(first), 'box 192.168.20.30/24');
  const {commands} = state;
  t.true(commands > 0);
  for (let pass = 0; pass < 5; pass += 1) t.is(await read(), first);
  t.is(state.commands, commands);
});

test('an address stays as long as the machine has it; then the interface of the default route tells the new one', async t => {
  const {state, run, interfaces} = changingMachine();
  const read = createReadSelf({host: {}, run, hostname: 'box', interfaces});
  const first = await read();
  state.eth0 = ['192.168.20.10/24', '192.168.20.30/24'];
  t.is(await read(), first, 'another one beside it changes nothing');
  state.others = ['127.0.0.1/8', '192.168.20.30/24'];
  state.eth0 = ['10.0.0.5/24'];
  t.is(show(await read()), 'box 192.168.20.30/24', 'nor does another interface that has it now');
  Object.assign(state, {others: ['127.0.0.1/8'], linkDown: ['192.168.20.30/24']});
  t.is(show(await read()), 'box 192.168.20.30/24', 'nor does a link that is down');
  state.linkDown = [];
  t.is(show(await read()), 'box 10.0.0.5/24');
  state.eth0 = ['10.0.0.5/25'];
  t.is(show(await read()), 'box 10.0.0.5/25', 'another subnet is another address');
  state.eth0 = ['10.0.0.5/25', '2001:db8::30/64'];
  t.is(show(await read()), 'box 10.0.0.5/25 2001:db8::30/64', 'a family that was missing comes');
  state.eth0 = ['2001:db8::30/64'];
  t.is(show(await read()), 'box 2001:db8::30/64', 'and one that is gone goes');
});

test('a machine that can no longer tell keeps its last known address, says so once, and is asked again', async t => {
  const {state, run, interfaces} = changingMachine();
  const reasons: string[] = [];
  const read = createReadSelf({host: {}, run, hostname: 'box', interfaces, onUnknown: reason => reasons.push(reason)});
  const first = await read();
  Object.assign(state, {eth0: [], hasDefault: false});
  t.is(await read(), first);
  t.is(await read(), first);
  t.is(reasons.length, 1);
  t.regex(reasons[0] ?? '', /there is no default route/);
  Object.assign(state, {eth0: ['192.168.20.31/24'], hasDefault: true});
  t.is(show(await read()), 'box 192.168.20.31/24');
  Object.assign(state, {eth0: [], hasDefault: false});
  await read();
  t.is(reasons.length, 2);
  await t.throwsAsync(createReadSelf({host: {}, run, hostname: 'box', interfaces})(), {code: 'ERR_CONFIG'});
});

test('a configured address is never read again', async t => {
  const {state, interfaces} = changingMachine();
  const read = createReadSelf({host: {address: ['192.168.20.30/24']}, run: noRun, hostname: 'box', interfaces});
  const first = await read();
  state.eth0 = ['10.0.0.5/24'];
  t.is(await read(), first);
});

const inNamespace = namespaceTest();

inNamespace('in a real namespace: an address that changes is seen by a process there', async t => {
  const [a, b] = [await createNamespace(t, 'self-a'), await createNamespace(t, 'self-b')];
  await connect(a, b, {addresses: [['192.168.20.30/24'], ['192.168.20.1/24']]});
  await a.run('ip', ['route', 'add', 'default', 'via', '192.168.20.1']);
  const modules = ['src/config/host.ts', 'src/system/run.ts'].map(file => pathToFileURL(path.resolve(file)).href);
  const output = await a.run(process.execPath, [
    '--input-type=module',
    '-e',
    `import {networkInterfaces} from 'node:os';
     const {createReadSelf} = await import('${modules[0]}');
     const {createRun} = await import('${modules[1]}');
     const real = createRun();
     let commands = 0;
     const run = (...args) => { commands += 1; return real(...args); };
     const read = createReadSelf({host: {}, run, hostname: 'box', interfaces: networkInterfaces});
     const show = ({addresses}) => addresses.map(({address, length}) => address + '/' + length).join(' ');
     const seen = [show(await read())];
     commands = 0;
     await read();
     seen.push(commands);
     await real('ip', ['address', 'add', '192.168.20.31/24', 'dev', 'eth0']);
     seen.push(show(await read()));
     await real('ip', ['address', 'del', '192.168.20.30/24', 'dev', 'eth0']);
     await real('ip', ['address', 'replace', '192.168.20.31/24', 'dev', 'eth0']);
     await real('ip', ['route', 'replace', 'default', 'via', '192.168.20.1']);
     seen.push(show(await read()));
     console.log(JSON.stringify(seen));`,
  ]);
  t.deepEqual(JSON.parse(output), ['192.168.20.30/24', 0, '192.168.20.30/24', '192.168.20.31/24']);
});
