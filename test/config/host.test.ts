import test from 'ava';
import {readSelf} from '../../src/config/host.ts';
import type {Run} from '../../src/system/run.ts';

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
