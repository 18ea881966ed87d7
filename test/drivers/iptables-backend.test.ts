import type {ExecutionContext} from 'ava';
import test from 'ava';
import type {Chain} from '../../src/core/desired-chains.ts';
import {createIptables} from '../../src/drivers/iptables.ts';
import {parseSave} from '../../src/drivers/iptables-save.ts';
import {CommandFailedError, type Run} from '../../src/system/run.ts';
import {namespaceTest} from '../helpers/namespace.ts';
import {createIptablesHost, foreignRules, type IptablesHost, make} from './iptables-host.ts';

// Which of the two kinds of iptables is used, and how seldom either is asked.

const rootTest = namespaceTest();

const chains: readonly Chain[] = [
  {family: 'ipv4', table: 'filter', name: 'ROMANA-ACCEPT', from: {chain: 'FORWARD', place: 'last'}, rules: ['-s 10.1.0.0/16 -j ACCEPT']},
];
const docker = '*filter\n:DOCKER - [0:0]\n-A FORWARD -j DOCKER\nCOMMIT';

const ours = async (host: IptablesHost) => {
  const [nft, legacy] = await Promise.all([host.rules('nft'), host.rules('legacy')]);
  return [...nft.map(line => `nft ${line}`), ...legacy.map(line => `legacy ${line}`)].filter(line =>
    line.includes('-A FORWARD -j ROMANA-ACCEPT'),
  );
};
const jump = (backend: string) => `${backend} filter -A FORWARD -j ROMANA-ACCEPT`;

rootTest('where nobody has rules, ours go where plain iptables does, and move to where others put theirs', async t => {
  const host = await createIptablesHost(t, 'default');
  const driver = createIptables({...host.options, backend: 'auto', isUsed: true});
  await make(driver, chains);
  t.deepEqual(await ours(host), [jump('nft')]);
  await host.put('legacy', docker);
  host.pass(10_000);
  await make(driver, chains);
  t.deepEqual(await ours(host), [jump('legacy')]);
  host.pass(10_000);
  t.is(await make(driver, chains), 0);
  // Where others begin to use both, ours stay.
  await host.put('nft', docker);
  host.pass(10_000);
  t.is(await make(driver, chains), 0);
  t.deepEqual(await ours(host), [jump('legacy')]);
  t.is(await make(driver, []), 1);
  t.deepEqual(await ours(host), []);
});

rootTest('where others use both, nothing is mixed in before an operator has said where ours belong', async t => {
  const host = await createIptablesHost(t, 'both');
  for (const backend of ['nft', 'legacy'] as const) await host.put(backend, docker);
  const driver = createIptables({...host.options, backend: 'auto', isUsed: true});
  await t.throwsAsync(make(driver, chains), {
    message:
      "iptables-nft and iptables-legacy both hold rules on this host (2 and 2): remove those of one, or say where the agent's are to go (agent.iptables: nft or legacy)",
  });
  t.deepEqual(await ours(host), []);
  t.is(await make(driver, []), 0, 'where nothing is to be put there, it does not matter');
  await make(createIptables({...host.options, backend: 'legacy', isUsed: true}), chains);
  t.deepEqual(await ours(host), [jump('legacy')]);
  await make(createIptables({...host.options, backend: 'nft', isUsed: true}), chains);
  t.deepEqual(await ours(host), [jump('nft')]);
  await make(createIptables({...host.options, backend: 'nft', isUsed: false}), []);
  t.deepEqual(await ours(host), []);
});

rootTest('switched off, leftovers of an earlier setting go, and after that nothing is asked', async t => {
  const host = await createIptablesHost(t, 'off');
  await host.put('nft', foreignRules);
  await make(createIptables({...host.options, backend: 'auto', isUsed: true}), chains);
  const before = (await host.rules('nft')).filter(line => !line.includes('ROMANA-'));

  const driver = createIptables({...host.options, backend: 'auto', isUsed: false});
  t.is(await make(driver, []), 1);
  t.deepEqual(await host.rules('nft'), before);
  t.is(await make(driver, []), 0);
  host.commands.length = 0;
  for (let count = 0; count < 3; count += 1) {
    host.pass(100_000);
    t.is(await make(driver, []), 0);
  }
  t.deepEqual(host.commands, []);
});

rootTest('switched on, the rules are looked at every few seconds, however many passes there are', async t => {
  const host = await createIptablesHost(t, 'looks');
  const driver = createIptables({...host.options, backend: 'auto', isUsed: true});
  await make(driver, chains);
  await make(driver, chains);
  host.commands.length = 0;
  for (let count = 0; count < 20; count += 1) {
    host.pass(1000);
    await make(driver, chains);
  }
  t.deepEqual(host.commands.toSorted(), ['ip6tables-nft-save', 'ip6tables-nft-save', 'iptables-nft-save', 'iptables-nft-save']);
});

test('where there are many rules, they are looked at seldomer', async t => {
  let now = 0;
  const looks: number[] = [];
  const many = `*filter\n${'-A INPUT -j ACCEPT\n'.repeat(15_000)}COMMIT\n`;
  const run: Run = async command => {
    if (command !== 'iptables-nft-save') return '';
    looks.push(now);
    return many;
  };
  const driver = createIptables({run, files: {read: async () => undefined}, clock: {now: () => now}, backend: 'auto', isUsed: true});
  for (now = 0; now < 150_000; now += 1000) await make(driver, []);
  t.deepEqual(looks, [0, 60_000, 120_000]);
  // The time of day is set back.
  now = 1000;
  await make(driver, []);
  t.is(looks.at(-1), 1000);
});

/** A host on which the programs of iptables end with an error, or are not there. */
function brokenHost(fails: (command: string) => {exitCode?: number; stderr: string} | undefined): Parameters<typeof createIptables>[0] {
  const run: Run = async command => {
    const failure = fails(command);
    if (failure === undefined) return '';
    throw new CommandFailedError(command, {stdout: '', stderr: failure.stderr, exitCode: failure.exitCode, reason: ''});
  };
  return {run, files: {read: async () => 'filter\n'}, clock: {now: () => 0}, backend: 'auto', isUsed: true};
}

test('without iptables there is nothing to remove, and what is wanted cannot be', async t => {
  for (const missing of [{exitCode: 127, stderr: 'sh: 1: not found'}, {stderr: 'spawn ENOENT'}]) {
    const options = brokenHost(() => missing);
    t.is(await make(createIptables({...options, isUsed: false}), []), 0);
    t.is(await make(createIptables(options), []), 0);
    await t.throwsAsync(make(createIptables(options), chains), {
      message: 'cannot find iptables: install it, or turn agent.nat and agent.forward off',
    });
  }
});

test('rules that cannot be read stop what is switched on, and nothing else', async t => {
  const options = brokenHost(command => (command === 'iptables-nft-save' ? {exitCode: 4, stderr: 'out of memory'} : undefined));
  await t.throwsAsync(make(createIptables(options), chains), {
    message: 'cannot read the rules of iptables: iptables-nft-save: out of memory',
  });
  t.is(await make(createIptables({...options, isUsed: false}), []), 0);
  t.is(await make(createIptables({...options, backend: 'legacy'}), []), 0, 'of the one that is not used it does not matter');
});

test('a rule that is refused is named', async t => {
  const options = brokenHost(command =>
    command.endsWith('-restore') ? {exitCode: 1, stderr: 'iptables-restore: line 3 failed\n'} : undefined,
  );
  const error = await t.throwsAsync(make(createIptables({...options, backend: 'nft'}), chains));
  t.regex(
    error?.message ?? '',
    /^cannot change iptables: iptables-nft-restore: iptables-restore: line 3 failed \(-A ROMANA-ACCEPT -m comment --comment romana:[0-9a-f]{12} -s 10\.1\.0\.0\/16 -j ACCEPT\)$/,
  );
});

const saved: ReadonlyArray<readonly [title: string, text: string, expected: Partial<ReturnType<typeof parseSave>>]> = [
  ['nothing', '', {own: [], foreign: 0, forwardPolicy: ''}],
  ['empty tables', '# Generated\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\nCOMMIT\n', {foreign: 0, forwardPolicy: 'ACCEPT'}],
  ['a policy alone', '*filter\n:FORWARD DROP [0:0]\nCOMMIT\n', {foreign: 1, forwardPolicy: 'DROP'}],
  ['the policy of another table', '*mangle\n:FORWARD DROP [0:0]\nCOMMIT\n', {foreign: 1, forwardPolicy: ''}],
  ['a chain alone', '*nat\n:X - [0:0]\nCOMMIT\n', {foreign: 1}],
  [
    'what native nft rules leave there',
    "# Table `x' is incompatible, use 'nft' tool.\n# Warning: iptables-legacy tables present\n",
    {foreign: 0},
  ],
  [
    'rules that only look like ours',
    '*filter\n-A FORWARD -m comment --comment "romana:abc" -j ACCEPT\n-A FORWARD -j ROMANA-ACCEPT\n-A FORWARD -m comment --comment "not romana:abc" -j ROMANA-X\nCOMMIT\n',
    {own: [], foreign: 3},
  ],
  [
    'ours, with what others have put in',
    '*nat\n:ROMANA-MASQ - [0:0]\n-A POSTROUTING -m comment --comment "romana:0a1" -j ROMANA-MASQ\n-A POSTROUTING -m comment --comment romana:0a1 -g ROMANA-MASQ\n' +
      '-A ROMANA-MASQ -s 10.1.0.0/16 -m comment --comment romana:0b2 -j ROMANA-MASQ-OUT\n-A ROMANA-MASQ -j RETURN\nCOMMIT\n',
    {
      own: [
        {
          backend: 'nft',
          family: 'ipv4',
          table: 'nat',
          name: 'ROMANA-MASQ',
          marks: ['0b2', ''],
          jumps: [
            {chain: 'POSTROUTING', mark: '0a1', rule: 'POSTROUTING -m comment --comment "romana:0a1" -j ROMANA-MASQ'},
            {chain: 'POSTROUTING', mark: '0a1', rule: 'POSTROUTING -m comment --comment romana:0a1 -g ROMANA-MASQ'},
          ],
        },
      ],
      foreign: 0,
    },
  ],
];
for (const [title, text, expected] of saved) {
  test(`read: ${title}`, (t: ExecutionContext) => t.like(parseSave(text, 'nft', 'ipv4'), expected));
}
