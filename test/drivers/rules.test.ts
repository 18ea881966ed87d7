import type {LookupRule} from '../../src/core/desired-rules.ts';
import {createRules} from '../../src/drivers/rules.ts';
import {namespaceTest} from '../helpers/namespace.ts';
import {createDriverHost, type DriverHost, lines} from './host.ts';

const test = namespaceTest();
const both = (table: number): LookupRule[] => (['ipv4', 'ipv6'] as const).map(family => ({family, table}));
const rules = async ({ip}: DriverHost, family: '-4' | '-6') =>
  lines(await ip(`${family} -N rule show`)).filter(line => !/lookup 25[345]/.test(line));
const ours = (table: number, priority = 32_000) => `${priority}: from all lookup ${table} proto 144`;

test('a rule for each family is made, moved to another table, and removed', async t => {
  const host = await createDriverHost(t, 'rules');
  const driver = createRules(host.run);
  for (const table of [10, 11]) {
    await host.make(driver, both(table));
    t.deepEqual(await rules(host, '-4'), [ours(table)]);
    t.deepEqual(await rules(host, '-6'), [ours(table)]);
  }
  host.changes.length = 0;
  await host.make(driver, both(11));
  t.deepEqual(host.changes, []);
  await host.make(driver, []);
  t.deepEqual([...(await rules(host, '-4')), ...(await rules(host, '-6'))], []);
});

test('rules of others survive, also those without a table', async t => {
  const host = await createDriverHost(t, 'foreign');
  const driver = createRules(host.run);
  for (const line of [
    'rule add pref 100 from 192.0.2.1 blackhole',
    'rule add pref 101 from 192.0.2.2 goto 32766',
    'rule add pref 102 l3mdev',
    'rule add pref 103 from 192.0.2.3 lookup 10',
    'rule add pref 32000 from 192.0.2.4 lookup 10 proto static',
    '-6 rule add pref 100 from fd00::1 prohibit',
    '-6 rule add pref 103 from fd00::2 lookup 10',
  ]) {
    await host.ip(line);
  }
  const before = [await rules(host, '-4'), await rules(host, '-6')];
  await host.make(driver, both(10));
  t.deepEqual(await rules(host, '-4'), [...(before[0] ?? []), ours(10)].toSorted());
  t.deepEqual(await rules(host, '-6'), [...(before[1] ?? []), ours(10)].toSorted());
  await host.make(driver, []);
  t.deepEqual([await rules(host, '-4'), await rules(host, '-6')], before);
});

test('a rule of ours that somebody moved is put back into its place', async t => {
  const host = await createDriverHost(t, 'moved');
  const driver = createRules(host.run);
  await host.make(driver, both(10));
  await host.ip('rule del pref 32000 lookup 10 proto 144');
  await host.ip('rule add pref 40000 lookup 10 proto 144');
  await host.ip('-6 rule add pref 5 lookup 10 proto 144');
  await host.make(driver, both(10));
  t.deepEqual(await rules(host, '-4'), [ours(10)]);
  t.deepEqual(await rules(host, '-6'), [ours(10)]);
});

test('with a family that fails the other is still served', async t => {
  const host = await createDriverHost(t, 'half');
  const driver = createRules((command, args, options) =>
    args.includes('-batch') && args.includes('-4') ? Promise.reject(new Error('no IPv4 here')) : host.run(command, args, options),
  );
  await t.throwsAsync(host.make(driver, both(10)), {message: /no IPv4 here/});
  t.deepEqual(await rules(host, '-6'), [ours(10)]);
});
