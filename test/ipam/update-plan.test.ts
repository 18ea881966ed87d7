import anyTest from 'ava';
import {parseTopology} from '../../src/core/topology-document.ts';
import {createUpdatePlan} from '../../src/ipam/update-plan.ts';
import {findBrokenPromises, flat} from '../helpers/ipam.ts';
import {newHost, startPair} from './in-process.ts';

// One etcd at a time.
const test = anyTest.serial;

const halves = (cidr = '10.111.0.0/16') => ({...flat(cidr), topologies: [{networks: ['net'], map: [{}, {}]}]});

test('a plan is kept while only blocks come and go that fit it, and made anew after anything else', async t => {
  const {a} = await startPair(t);
  for (const number of [1, 2]) await a.hosts.add(newHost(number));
  await a.allocate('x', 'h1');
  const plan = createUpdatePlan(a.ledger, parseTopology(halves()));
  const isKept = async (act: () => Promise<unknown>) => {
    await a.ledger.sync();
    const before = plan();
    await act();
    await a.ledger.sync();
    return plan() === before;
  };
  t.true(await isKept(async () => undefined));
  t.true(await isKept(() => a.allocate('y', 'h1')));
  t.true(await isKept(() => a.allocate('z', 'h1', 'other')), 'a new block where the host is to be');
  t.true(await isKept(() => a.addresses.release('z')));
  t.is(plan().hosts.find(({name}) => name === 'h2')?.groups['net'], '10.111.128.0/17' as never);
  t.false(await isKept(() => a.allocate('w', 'h2')), 'a new block where it is not to be: it stays with that block');
  t.is(plan().hosts.find(({name}) => name === 'h2')?.groups['net'], '10.111.0.0/17' as never);
  t.false(await isKept(() => a.hosts.patch('h2', {tags: {a: 'b'}})));
  t.false(await isKept(() => a.hosts.add(newHost(3))));
  t.false(await isKept(() => a.hosts.remove('h3')));
  t.false(await isKept(() => a.topologies.update({...flat(), topologies: [{networks: ['net'], map: [{name: 'named'}]}]})));
  t.true(await isKept(async () => undefined));

  const unfit = createUpdatePlan(a.ledger, parseTopology(flat('10.9.0.0/16')));
  t.is(unfit().problems.length, 1);
  for (const name of ['x', 'y', 'w']) await a.addresses.release(name);
  t.deepEqual(unfit().problems, [], 'what did not fit may be gone');
});

test('a topology is replaced while another daemon claims a block whenever it looks', async t => {
  const {etcd, a, b} = await startPair(t);
  for (const number of [1, 2]) await a.hosts.add(newHost(number));
  for (const host of ['h1', 'h2']) await a.allocate(host, host);
  await b.ledger.sync();
  let claims = 0;
  a.beforeCommit = async () => {
    if (claims === 14) return;
    claims += 1;
    await b.allocate(`n${claims}`, `h${1 + (claims % 2)}`, `t${claims}`);
  };
  await a.topologies.update(flat('10.0.0.0/8'));
  t.true(claims > 0);
  await b.ledger.sync();
  t.is(b.ledger.tables.hosts.get('h1')?.value.groups['net'], '10.0.0.0/8' as never);
  t.is(b.ledger.tables.addresses.size, 2 + claims);
  t.deepEqual(await findBrokenPromises(etcd), []);
});
