import test from 'ava';
import {createReporter} from '../../src/agent/reporter.ts';
import type {AgentStatus} from '../../src/agent/status.ts';
import {createKeys} from '../../src/store/keys.ts';
import {parseBeat, parseReport} from '../../src/store/reports.ts';
import type {Transaction} from '../../src/store/store.ts';
import {status as sample} from './status-sample.ts';

const keys = createKeys('/romana');

/** A reporter whose clock jumps to the next look; each look may change the status and break the store before. Gives what was written, by look. */
async function reported(looks: number, before: (look: number, world: World) => void = () => undefined) {
  const world: World = {status: sample, isMember: true, isAway: false};
  const writes: string[][] = [];
  const values: Transaction['operations'][number][] = [];
  const log: string[] = [];
  const stop = new AbortController();
  let now = 0;
  let look = 0;
  before(0, world);
  writes.push([]);
  const reporter = createReporter({
    host: 'host-1',
    keys,
    clock: {
      now: () => now,
      async sleep(ms) {
        now += ms;
        look += 1;
        if (look === looks) stop.abort();
        else {
          before(look, world);
          writes.push([]);
        }
      },
    },
    log: {
      info: (_fields: object, message?: string) => void log.push(`info ${message}`),
      warn: (_fields: object, message?: string) => void log.push(`warn ${message}`),
    } as never,
    store: {
      async commit({operations}) {
        if (world.isAway) throw new Error('no store');
        for (const operation of operations) {
          values.push(operation);
          writes.at(-1)?.push(`${'put' in operation ? operation.put.split('/').at(-1) : 'delete'}`);
        }
        return {succeeded: true, revision: 1};
      },
    },
    readStatus: async () => world.status,
    isMember: () => world.isMember,
  });
  await reporter.run(stop.signal);
  return {writes: writes.map(each => each.join('+')), values, log, now};
}

interface World {
  status: AgentStatus;
  isMember: boolean;
  isAway: boolean;
}

const withTor = (change: object): AgentStatus => ({
  ...sample,
  bird: {...sample.bird, sessions: sample.bird.sessions.map(session => (session.name === 'tor' ? {...session, ...change} : session))},
});

test('a quiet host reports once, then gives a sign of life every 30 s, and the whole again every 10 min', async t => {
  const {writes, values} = await reported(316, (look, world) => {
    // What differs at every look is no news.
    world.status = {...withTor({since: `10:00:00.${look % 10}`}), revision: look, stateAgeSeconds: look};
  });
  t.deepEqual(
    writes.flatMap((what, look) => (what === '' ? [] : [`${look * 2} s: ${what}`])).filter(line => !line.endsWith(': beat')),
    ['0 s: beat+report', '600 s: beat+report'],
  );
  t.deepEqual(writes.flatMap((what, look) => (what === 'beat' ? [look * 2] : [])).slice(0, 4), [30, 60, 90, 120]);
  for (const value of values) {
    if (!('put' in value)) t.fail();
    else if (value.put === keys.beat('host-1')) t.is(parseBeat('k', value.value).at % 30_000, 0);
    else t.like(parseReport('k', value.value), {announced: 2, bird: {sessions: [{name: 'tor', since: '10:00:00', bfd: 'up'}]}});
  }
});

test('a session that goes is reported at the next look; counts of routes wait for the beat', async t => {
  const channels = [{name: 'ipv4', state: 'up', imported: 77, exported: 2, filtered: 0}];
  const {writes} = await reported(17, (look, world) => {
    if (look === 2) world.status = withTor({channels});
    if (look === 4) world.status = withTor({channels, state: 'start', isUp: false});
    if (look === 6) world.status = withTor({channels: [{...channels[0], imported: 78}], state: 'start', isUp: false});
  });
  t.deepEqual(
    writes.flatMap((what, look) => (what === '' ? [] : [`${look}: ${what}`])),
    ['0: beat+report', '4: beat+report'],
  );
  const later = await reported(16, (look, world) => {
    if (look === 2) world.status = withTor({channels});
  });
  t.is(later.writes[15], 'beat+report');
});

test('a store that is away is logged once and asked less and less often; then the newest report goes out', async t => {
  const {writes, log, now, values} = await reported(12, (look, world) => {
    world.isAway = look < 10;
    world.status = {...sample, announced: Array.from({length: look}, () => 'x')};
  });
  t.deepEqual(writes, [...Array.from({length: 10}, () => ''), 'beat+report', 'beat+report']);
  t.deepEqual(log, ['warn report could not be written, will retry', 'info reports reach the store again']);
  t.is(now, 1000 * (4 + 8 + 16 + 7 * 30 + 2 + 2));
  const [, first] = values;
  t.is(first !== undefined && 'value' in first && parseReport('k', first.value).announced, 10);
});

test('a host that the store does not know reports nothing, and all of it once it is added', async t => {
  const {writes} = await reported(6, (look, world) => {
    world.isMember = look === 1 || look >= 4;
  });
  t.deepEqual(writes, ['', 'beat+report', '', '', 'beat+report', '']);
});
