import test from 'ava';
import {parseAddress} from '../../src/core/prefix.ts';
import type {Host, Vip} from '../../src/core/state.ts';
import {claimDelayMs, vipObstacle} from '../../src/core/vip-candidates.ts';
import {holdOffMs} from '../../src/core/vip-lease.ts';

const hosts = (count: number, drained: readonly string[] = []): Map<string, Host> =>
  new Map(
    Array.from({length: count}, (_, index) => {
      const name = `host-${index + 1}`;
      const ip = parseAddress(`10.0.${index >> 8}.${index & 255}`);
      return [name, {name, ip, agentPort: 9604, drained: drained.includes(name), tags: {}, groups: {}}];
    }),
  );
const vip = (name: string, only: readonly string[] = []): Vip => ({name, ip: parseAddress('192.0.2.1'), hosts: only});
const firstOf = (of: Vip, among: ReadonlyMap<string, Host>) =>
  [...among.keys()].filter(
    name => claimDelayMs(of, name, among.values()) === holdOffMs && vipObstacle(of, name, {hosts: among}) === undefined,
  );

test('a VIP may be held by the hosts that it names, or by any, if the store knows them and they are not drained', t => {
  const state = {hosts: hosts(3, ['host-2'])};
  t.is(vipObstacle(vip('v'), 'host-1', state), undefined);
  t.is(vipObstacle(vip('v'), 'host-2', state), 'this host is drained');
  t.is(vipObstacle(vip('v'), 'host-9', state), 'this host is not known to the store');
  t.is(vipObstacle(vip('v', ['host-3']), 'host-1', state), 'the VIP is for other hosts');
  t.is(vipObstacle(vip('v', ['host-3']), 'host-3', state), undefined);
});

test('each host has a turn of its own, and nobody waits for long', t => {
  const all = hosts(8);
  const delays = [...all.keys()].map(name => claimDelayMs(vip('web'), name, all.values()));
  t.deepEqual(
    delays.toSorted((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7].map(turn => holdOffMs + 20 * turn),
  );
  const many = hosts(200);
  t.is(Math.max(...[...many.keys()].map(name => claimDelayMs(vip('web'), name, many.values()))), holdOffMs + 500);
});

test('hosts that may not hold a VIP keep nobody waiting', t => {
  const drained = ['host-1', 'host-2', 'host-3', 'host-4', 'host-5', 'host-6', 'host-7'];
  t.is(claimDelayMs(vip('web'), 'host-8', hosts(8, drained).values()), holdOffMs);
  t.is(claimDelayMs(vip('web', ['host-8']), 'host-8', hosts(8).values()), holdOffMs);
});

test('VIPs spread over the hosts, and when a host goes only its own ones move', t => {
  const all = hosts(10);
  const vips = Array.from({length: 1000}, (_, index) => vip(`vip-${index}`));
  const before = vips.map(each => firstOf(each, all));
  t.true(before.every(first => first.length === 1));
  const counts = [...all.keys()].map(name => before.filter(([first]) => first === name).length);
  t.true(Math.min(...counts) > 60 && Math.max(...counts) < 140, counts.join(' '));

  const without = hosts(10, ['host-4']);
  const after = vips.map(each => firstOf(each, without));
  for (const [index, [first]] of before.entries()) if (first !== 'host-4') t.is(after[index]?.[0], first);
  const moved = after.filter((_, index) => before[index]?.[0] === 'host-4').map(([first]) => first);
  t.true(new Set(moved).size > 5);
});
