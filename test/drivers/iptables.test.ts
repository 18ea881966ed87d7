import type {ExecutionContext} from 'ava';
import type {Chain} from '../../src/core/desired-chains.ts';
import {createIptables} from '../../src/drivers/iptables.ts';
import {namespaceTest} from '../helpers/namespace.ts';
import {type Backend, createIptablesHost, foreignRules, type IptablesHost, make} from './iptables-host.ts';

// Both kinds of iptables, with real rules in namespaces.

const test = namespaceTest();

const masquerade = (...inside: readonly string[]): Chain[] => [
  {
    family: 'ipv4',
    table: 'nat',
    name: 'ROMANA-MASQ',
    from: {chain: 'POSTROUTING', place: 'last'},
    rules: ['-s 10.1.0.0/16 -j ROMANA-MASQ-OUT'],
  },
  {
    family: 'ipv4',
    table: 'nat',
    name: 'ROMANA-MASQ-OUT',
    rules: [...inside.map(prefix => `-d ${prefix} -j RETURN`), '-o eth0 -j MASQUERADE'],
  },
];
const accept = (family: 'ipv4' | 'ipv6', network: string): Chain => ({
  family,
  table: 'filter',
  name: 'ROMANA-ACCEPT',
  from: {chain: 'FORWARD', place: 'last'},
  rules: [`-s ${network} -j ACCEPT`, `-d ${network} -j ACCEPT`],
});
const all = [...masquerade('10.1.0.0/16'), accept('ipv4', '10.1.0.0/16'), accept('ipv6', 'fd00::/48')];

const isOurs = (line: string) => line.includes('ROMANA-');
const ours = async (host: IptablesHost, backend: Backend, family?: 'iptables' | 'ip6tables') =>
  (await host.rules(backend, family)).filter(isOurs);
const foreign = async (host: IptablesHost, backend: Backend) => (await host.rules(backend)).filter(line => !isOurs(line));
const changing = ({commands}: IptablesHost) => commands.filter(command => !/-save$/.test(command));

const wantedIpv4 = [
  'filter -A FORWARD -j ROMANA-ACCEPT',
  'filter -A ROMANA-ACCEPT -d 10.1.0.0/16 -j ACCEPT',
  'filter -A ROMANA-ACCEPT -s 10.1.0.0/16 -j ACCEPT',
  'filter :ROMANA-ACCEPT -',
  'nat -A POSTROUTING -j ROMANA-MASQ',
  'nat -A ROMANA-MASQ -s 10.1.0.0/16 -j ROMANA-MASQ-OUT',
  'nat -A ROMANA-MASQ-OUT -d 10.1.0.0/16 -j RETURN',
  'nat -A ROMANA-MASQ-OUT -o eth0 -j MASQUERADE',
  'nat :ROMANA-MASQ -',
  'nat :ROMANA-MASQ-OUT -',
];

function driverOf(host: IptablesHost, options: {backend?: Backend | 'auto'; isUsed?: boolean} = {}) {
  return createIptables({...host.options, backend: 'auto', isUsed: true, ...options});
}

/** A host on which others use one backend. */
async function createUsedHost(t: ExecutionContext, backend: Backend, label: string): Promise<IptablesHost> {
  const host = await createIptablesHost(t, `${label}-${backend}`);
  await host.put(backend, foreignRules);
  return host;
}

for (const backend of ['nft', 'legacy'] as const) {
  const other = backend === 'nft' ? 'legacy' : 'nft';

  test(`iptables-${backend}: chains are made, changed and removed in one transaction each, and nothing foreign is touched`, async t => {
    const host = await createUsedHost(t, backend, 'life');
    const before = await foreign(host, backend);
    t.true(before.length > 20);
    const driver = driverOf(host);
    t.is(await make(driver, all), 4);
    t.deepEqual((await ours(host, backend)).toSorted(), wantedIpv4);
    t.deepEqual(await foreign(host, backend), before);
    t.deepEqual((await ours(host, backend, 'ip6tables')).toSorted(), [
      'filter -A FORWARD -j ROMANA-ACCEPT',
      'filter -A ROMANA-ACCEPT -d fd00::/48 -j ACCEPT',
      'filter -A ROMANA-ACCEPT -s fd00::/48 -j ACCEPT',
      'filter :ROMANA-ACCEPT -',
    ]);
    t.is(changing(host).length, 2, 'one for each family');
    t.deepEqual(await host.rules(other), [], 'the other one stays empty');
    const forward = (await host.rules(backend)).filter(line => line.startsWith('filter -A FORWARD'));
    t.is(forward.at(-1), 'filter -A FORWARD -j ROMANA-ACCEPT', 'behind what others say');

    t.deepEqual((await driver.read()).map(item => driver.show?.(item)).toSorted(), [
      'ipv4 filter ROMANA-ACCEPT: 2 rules, from FORWARD',
      'ipv4 nat ROMANA-MASQ-OUT: 2 rules',
      'ipv4 nat ROMANA-MASQ: 1 rule, from POSTROUTING',
      'ipv6 filter ROMANA-ACCEPT: 2 rules, from FORWARD',
    ]);

    host.commands.length = 0;
    t.is(await make(driver, all), 0);
    t.is(await make(driverOf(host), all), 0, 'also by an agent that has just started');
    t.deepEqual(changing(host), []);

    t.is(await make(driver, [...masquerade('10.1.0.0/16', '10.96.0.0/12'), ...all.slice(2)]), 1);
    t.is(changing(host).length, 1);
    t.false(changing(host)[0]?.includes('POSTROUTING'), 'the rule that leads there stays');
    t.deepEqual(
      (await ours(host, backend)).filter(line => line.includes('-A ROMANA-MASQ-OUT')),
      [
        'nat -A ROMANA-MASQ-OUT -d 10.1.0.0/16 -j RETURN',
        'nat -A ROMANA-MASQ-OUT -d 10.96.0.0/12 -j RETURN',
        'nat -A ROMANA-MASQ-OUT -o eth0 -j MASQUERADE',
      ],
    );

    t.is(await make(driver, all.slice(2)), 2);
    t.deepEqual((await ours(host, backend)).toSorted(), wantedIpv4.slice(0, 4));
    t.is(await make(driver, []), 2);
    t.deepEqual([...(await ours(host, backend)), ...(await ours(host, backend, 'ip6tables'))], []);
    t.deepEqual(await foreign(host, backend), before);
  });

  const meddling: ReadonlyArray<readonly [what: string, ...commands: readonly string[]]> = [
    ['a rule of ours is gone', '-t nat -D ROMANA-MASQ-OUT 1'],
    ['a chain of ours is empty', '-F ROMANA-ACCEPT'],
    ['a rule of ours is another one', '-R ROMANA-ACCEPT 2 -d 10.1.0.0/16 -j DROP'],
    ['somebody has put a rule into a chain of ours', '-I ROMANA-ACCEPT 1 -s 10.1.0.7 -j DROP'],
    ['the rule that leads there is gone', '-F FORWARD', '-t nat -F POSTROUTING'],
    ['all of ours is gone', '-F', '-X ROMANA-ACCEPT', '-t nat -F', '-t nat -X ROMANA-MASQ', '-t nat -X ROMANA-MASQ-OUT'],
  ];
  test(`iptables-${backend}: whatever somebody changes of ours is put right`, async t => {
    const host = await createUsedHost(t, backend, 'meddle');
    const driver = driverOf(host);
    await make(driver, all);
    for (const [what, ...commands] of meddling) {
      for (const line of commands) await host.namespace.run(`iptables-${backend}`, ['-w', ...line.split(' ')]);
      t.notDeepEqual((await ours(host, backend)).toSorted(), wantedIpv4, what);
      host.pass(10_000);
      t.true((await make(driver, all)) > 0, what);
      t.deepEqual((await ours(host, backend)).toSorted(), wantedIpv4, what);
      t.is(await make(driver, all), 0, what);
    }
  });

  test(`iptables-${backend}: there is one rule that leads to a chain, whatever somebody has made of it`, async t => {
    const host = await createUsedHost(t, backend, 'once');
    const driver = driverOf(host);
    await make(driver, all);
    const command = (...args: readonly string[]) => host.namespace.run(`iptables-${backend}`, ['-w', ...args]);
    const save = await host.namespace.run(`iptables-${backend}-save`, ['-t', 'filter']);
    const mark = /-A FORWARD -m comment --comment "?(romana:\w+)/.exec(save)?.[1] ?? '';
    const jump = ['-m', 'comment', '--comment', mark, '-j', 'ROMANA-ACCEPT'];
    await command('-A', 'FORWARD', ...jump);
    await command('-I', 'FORWARD', '1', ...jump);
    await command('-A', 'OUTPUT', ...jump);
    host.pass(10_000);
    t.is(await make(driver, all), 1);
    t.deepEqual((await ours(host, backend)).toSorted(), wantedIpv4);

    // One that somebody leads there himself is his.
    await command('-I', 'FORWARD', '1', '-i', 'eth7', '-j', 'ROMANA-ACCEPT');
    host.pass(10_000);
    t.is(await make(driver, all), 0);
    t.true((await host.rules(backend)).includes('filter -A FORWARD -i eth7 -j ROMANA-ACCEPT'));
    const error = await t.throwsAsync(make(driver, []));
    t.regex(error?.message ?? '', /^cannot change iptables: .*-restore.*line \d+.* \(-X ROMANA-ACCEPT\)$/);
    t.deepEqual(await ours(host, backend, 'ip6tables'), [], 'the other family is not kept waiting');
    t.deepEqual(
      (await host.rules(backend)).filter(line => line.includes('ROMANA')),
      ['filter :ROMANA-ACCEPT -', 'filter -A FORWARD -i eth7 -j ROMANA-ACCEPT'],
      'only the chain stays that a rule of his leads to, and does nothing',
    );
    await command('-D', 'FORWARD', '1');
    host.pass(10_000);
    await make(driver, []);
    t.deepEqual(await ours(host, backend), []);
  });
}
