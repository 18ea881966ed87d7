import test from 'ava';
import {createResumption} from '../../../src/agent/vips/resumption.ts';
import {parseAddress} from '../../../src/core/prefix.ts';
import type {State, VipHolder} from '../../../src/core/state.ts';
import {StoreError} from '../../../src/store/store.ts';
import {nodeState} from '../../helpers/node-state.ts';

const holders: readonly VipHolder[] = [
  {vip: 'a', host: 'host-1', since: 11},
  {vip: 'b', host: 'host-1', since: 12},
  {vip: 'c', host: 'host-2', since: 13},
];
const state: State = {
  ...nodeState().state,
  vips: new Map(holders.map(({vip}, index) => [vip, {name: vip, ip: parseAddress(`192.0.2.${index + 1}`), hosts: []}])),
  vipHolders: new Map(holders.map(holder => [holder.vip, holder])),
};

/** Leases by VIP, in the store; those of this host begin with "own". */
function start(leases: Readonly<Record<string, string | undefined>>, living: readonly string[]) {
  const asked: string[] = [];
  let id: string | undefined;
  let isAway = false;
  const resumption = createResumption({
    claims: {
      async heldBy(name) {
        if (isAway) throw new StoreError('away');
        const lease = leases[name];
        return lease === undefined ? undefined : {lease, revision: 7};
      },
    },
    ids: {isOwn: lease => lease.startsWith('own')},
    lease: {
      get id() {
        return id;
      },
      async resume(lease) {
        asked.push(lease);
        if (living.includes(lease)) id = lease;
        return living.includes(lease);
      },
    },
  });
  const resumed: string[] = [];
  return {
    resumption,
    asked,
    resumed,
    setAway(is: boolean) {
      isAway = is;
    },
    resume: () => resumption.resume(state, ({name}, revision, since) => void resumed.push(`${name} ${revision} ${since}`)),
  };
}

test('what an agent before this one held goes on, its lease asked for once', async t => {
  const {resumption, asked, resumed, resume} = start({a: 'own-1', b: 'own-1', c: 'x'}, ['own-1']);
  t.false(resumption.isAnyOpen);
  resumption.begin(state, 'host-1');
  t.deepEqual(['a', 'b', 'c'].map(resumption.isOpen), [true, true, false]);
  await resume();
  t.deepEqual(resumed, ['a 7 11', 'b 7 12']);
  t.deepEqual(asked, ['own-1']);
  t.false(resumption.isAnyOpen);
});

test("a lease of another machine that is called the same is left to that one, and one that has ended is nobody's", async t => {
  const {resumption, asked, resumed, resume} = start({a: 'theirs', b: 'own-2'}, ['theirs']);
  resumption.begin(state, 'host-1');
  await resume();
  t.deepEqual(resumed, []);
  t.deepEqual(asked, ['own-2']);
});

test('only the first state says what may be resumed', async t => {
  const {resumption, resumed, resume} = start({a: 'own-1'}, ['own-1']);
  resumption.begin({...state, vipHolders: new Map()}, 'host-1');
  resumption.begin(state, 'host-1');
  await resume();
  t.deepEqual(resumed, []);
});

test('while the store is away it stays open, until the lease is lost', async t => {
  const {resumption, resumed, resume, setAway} = start({a: 'own-1', b: 'own-1'}, ['own-1']);
  resumption.begin(state, 'host-1');
  setAway(true);
  await t.throwsAsync(resume(), {instanceOf: StoreError});
  t.true(resumption.isOpen('a'));
  setAway(false);
  await resume();
  t.is(resumed.length, 2);
  resumption.doubt('c');
  t.true(resumption.isOpen('c'));
  resumption.close();
  await resume();
  t.is(resumed.length, 2);
});

test('what was taken without an answer is looked up again', async t => {
  const {resumption, resumed, resume} = start({a: 'own-1', c: 'own-1'}, ['own-1']);
  resumption.begin({...state, vipHolders: new Map(holders.slice(0, 1).map(holder => [holder.vip, holder]))}, 'host-1');
  await resume();
  resumption.doubt('c');
  resumption.doubt('b');
  await resume();
  t.deepEqual(resumed, ['a 7 11', 'c 7 13']);
});
