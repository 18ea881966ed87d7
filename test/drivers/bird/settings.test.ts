import type {NodeState} from '../../../src/core/node-state.ts';
import type {BirdDriver} from '../../../src/drivers/bird/bird.ts';
import {isSameTime} from '../../../src/drivers/bird/bird-status.ts';
import {BirdUnconfirmedError} from '../../../src/drivers/bird/rejection.ts';
import {readSessions} from '../../../src/drivers/bird/sessions.ts';
import {birdRoutes} from '../../helpers/bird.ts';
import {namespaceTest} from '../../helpers/namespace.ts';
import {openGuards} from '../../helpers/node-state.ts';
import {waitFor} from '../../helpers/wait.ts';
import type {BirdHost} from './bird-host.ts';
import {createNeighbouringHost, session, speaking, timers, torConf} from './neighbours.ts';

// What operators really have: OSPF, two ToRs, templates of BIRD's own, odd names, both families in one session.

const test = namespaceTest();
const one = ['10.1.0.0/29'];
const two = ['10.1.0.0/29', '10.1.0.8/29'];
const short = {confirm: {timeoutSeconds: 6}, guards: {...openGuards, maxWithdrawPercent: 50}};

const ospf = ({area = 0, more = '', name = 'ospf1'} = {}) =>
  `protocol ospf v2 ${name} {\n  ipv4 { import all; export where proto = "romana"; };\n  area ${area} { interface "eth0" { type ptp; hello 1; dead 4; ${more} }; };\n}`;
const ospfTor = 'protocol ospf v2 { ipv4 { import all; export none; }; area 0 { interface "eth0" { type ptp; hello 1; dead 4; }; }; }\n';

for (const [what, bad] of [
  ['another area', {area: 1}],
  ['a password that the ToR does not have', {more: 'authentication cryptographic; password "wrong";'}],
] as const) {
  test(`OSPF: ${what} is taken back, prefixes come and go without a touch`, async t => {
    const host = await createNeighbouringHost(t, 'ospf', [ospfTor]);
    const [tor] = host.tors;
    if (tor === undefined) return t.fail();
    const driver = host.driver();
    await host.pass(driver, host.node(one, speaking(ospf()), short));
    const isFull = () => waitFor('the adjacency is full', async () => (await adjacencies(host)).join() === 'full');
    const learns = (prefixes: readonly string[]) =>
      waitFor(
        `the ToR has ${prefixes}`,
        async () => (await birdRoutes(tor.control, 'where net ~ [10.0.0.0/8+]')).join() === prefixes.join(),
      );
    await isFull();
    await learns(one);
    const since = await host.upSince('ospf1');
    await host.passOnce(driver, host.node(two, speaking(ospf()), short));
    await learns(two);
    t.true(isSameTime(await host.upSince('ospf1'), since));
    t.deepEqual(await adjacencies(host), ['full']);

    const refused = await refusal(host, driver, host.node(two, speaking(ospf(bad)), short));
    t.regex(refused.reason, /ospf1 is .*Alone/);
    t.true(refused.isFinal);
    await isFull();
    await learns(two);
    await host.pass(driver, host.node(two, speaking(ospf({more: 'cost 20;'})), short));
    t.like(driver.status(), {rejected: undefined, reloads: {undone: 1}});
  });
}

test('two ToRs, one of them dead: nobody waits for it; what loses the other is taken back; a neighbour may be removed', async t => {
  const host = await createNeighbouringHost(t, 'twotors', [torConf(), torConf({index: 1})]);
  const driver = host.driver();
  const both = (more = {}) => host.node(one, speaking(session(more), session({...more, name: 'tor1', index: 1})), short);
  await host.tors[1]?.kill();
  await host.pass(driver, both());
  await host.isUp('tor0');
  await host.pass(driver, both());

  await host.pass(driver, both({more: 'graceful restart on;'}));
  t.like(driver.status(), {rejected: undefined, reloads: {undone: 0}});
  const refused = await refusal(host, driver, both({more: 'password "wrong";'}));
  t.regex(refused.reason, /^on trial, tor0 is .*; compare addresses/);
  t.true(refused.isFinal);
  await host.isUp('tor0');
  await host.pass(driver, host.node(one, speaking(session()), short));
  t.like(driver.status(), {rejected: undefined, accepted: {sessions: ['tor0']}, reloads: {undone: 1}});
});

test('two ToRs: one of two live neighbours removed on purpose is accepted, a mistake in one of them is not', async t => {
  const host = await createNeighbouringHost(t, 'twolive', [torConf(), torConf({index: 1})]);
  const driver = host.driver();
  const both = (more = {}) => host.node(one, speaking(session(), session({...more, name: 'tor1', index: 1})), short);
  await host.pass(driver, both());
  await host.isUp('tor0');
  await host.isUp('tor1');
  await host.pass(driver, both());
  const since = await host.upSince('tor0');
  const refused = await refusal(host, driver, both({local: 65009}));
  t.regex(refused.reason, /^on trial, tor1 is .*Bad peer AS/);
  await host.isUp('tor1');
  await host.pass(driver, host.node(one, speaking(session()), short));
  t.like(driver.status(), {rejected: undefined, accepted: {sessions: ['tor0']}});
  t.true(isSameTime(await host.upSince('tor0'), since), 'the other has never been touched');
});

const odd = "'tor-0.rack:1'";
const rack = (local = 65001) =>
  `template bgp rack {\n  local as ${local};\n  neighbor as 65000;\n  ${timers}\n  ipv4 { import none; export where proto = "romana"; };\n}`;
const fromRack = 'protocol bgp tor0 from rack {\n  neighbor 192.168.20.1;\n}';
const passive = (local = 65001) => session({local, more: 'passive on;'});

for (const [what, name, good, bad, better] of [
  [
    'a quoted name',
    'tor-0.rack:1',
    [session({name: odd})],
    [session({name: odd, local: 65009})],
    [session({name: odd, more: 'graceful restart on;'})],
  ],
  [
    "a template of BIRD's",
    'tor0',
    [rack(), fromRack],
    [rack(65009), fromRack],
    [rack(), fromRack.replace('1;', '1;\n  graceful restart on;')],
  ],
  ['a passive session', 'tor0', [passive()], [passive(65009)], [session({more: 'passive on; graceful restart on;'})]],
] as const) {
  test(`${what}: a wrong AS is taken back, another change is accepted`, async t => {
    const host = await createNeighbouringHost(t, 'names', [torConf()]);
    const driver = host.driver();
    await host.pass(driver, host.node(one, speaking(...good), short));
    await host.isUp(name);
    await host.pass(driver, host.node(one, speaking(...good), short));
    const refused = await refusal(host, driver, host.node(one, speaking(...bad), short));
    t.true(refused.reason.startsWith(`on trial, ${name} is `), refused.reason);
    t.true(refused.isFinal, refused.message);
    await host.isUp(name);
    await host.pass(driver, host.node(one, speaking(...better), short));
    t.like(driver.status(), {rejected: undefined, accepted: {sessions: [name]}});
  });
}

test('an OSPF with a quoted name has its neighbours in the sessions', async t => {
  const host = await createNeighbouringHost(t, 'oddospf', [ospfTor]);
  await host.pass(host.driver(), host.node(one, speaking(ospf({name: "'ospf-1.a'"})), short));
  await waitFor('the adjacency is full', async () => (await adjacencies(host)).join() === 'full');
  t.true((await readSessions(host.control))?.find(({name}) => name === 'ospf-1.a')?.isUp);
});

test('both families in one session: an export filter that loses the prefixes of one is taken back', async t => {
  const channels = (filter6: string) =>
    `ipv4 { import none; export where proto = "romana"; };\n  ipv6 { import none; export where ${filter6}; };`;
  const v6 = 'protocol static romana6 { ipv6; route fd00:1::/64 reject; }';
  const host = await createNeighbouringHost(t, 'dual', [
    torConf({channels: 'ipv4 { import all; export none; };\n  ipv6 { import all; export none; };'}),
  ]);
  const driver = host.driver();
  const node = (filter6: string) => host.node(two, speaking(v6, session({channels: channels(filter6)})), short);
  const good = 'proto = "romana6"';
  const learnt = () => birdRoutes(host.tors[0]?.control ?? host.control);
  await host.pass(driver, node(good));
  await waitFor('the ToR has all', async () => (await learnt()).length === 3);
  await host.pass(driver, node(good));
  const refused = await refusal(host, driver, node('net ~ [ fd00:2::/64 ]'));
  t.regex(refused.reason, /^on trial, tor0 is given 0 prefixes over ipv6, at least 1 .*export filter$/);
  await waitFor('the ToR has all', async () => (await learnt()).length === 3);
  await host.pass(driver, host.node(two, speaking(session()), short));
  t.like(driver.status(), {rejected: undefined}, 'a family may be given up on purpose');
});

async function refusal(host: BirdHost, driver: BirdDriver, node: NodeState): Promise<BirdUnconfirmedError> {
  const error = await host.pass(driver, node).then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (error instanceof BirdUnconfirmedError) return error;
  throw new Error(`not taken back: ${error}`);
}

/** The states of the OSPF neighbours, as the agent reports them. */
async function adjacencies({control}: BirdHost): Promise<string[]> {
  const sessions = (await readSessions(control)) ?? [];
  return sessions.flatMap(({neighbours = []}) => neighbours.map(({state}) => state.split('/')[0]?.toLowerCase() ?? ''));
}
