import test from 'ava';
import {createEndpoints, type EndpointsOptions} from '../../src/agent/endpoints.ts';
import {EndpointError} from '../../src/core/endpoint-error.ts';
import {parseAddress} from '../../src/core/prefix.ts';
import {silentLogger} from '../../src/system/log.ts';
import {device, type Situation, situation, uplink} from '../core/endpoint-samples.ts';

// Without an agent around it: what goes wrong at the moment when it hurts.

const file = '/state/endpoints.json';

function service(options: Partial<EndpointsOptions> & {readonly known?: () => Situation} = {}) {
  const {known = () => ({}), ...others} = options;
  const texts = new Map<string, string>();
  const modes = new Map<string, number | undefined>();
  let now = 0;
  let passes = 0;
  let errors: readonly unknown[] = [];
  const node = () => situation({interfaces: [uplink, device('tap3')], ...known()});
  const endpoints = createEndpoints({
    file,
    files: {
      read: async name => texts.get(name),
      async replace(name, text, {mode}) {
        texts.set(name, text);
        modes.set(name, mode);
      },
    },
    gateways: {ipv4: parseAddress('169.254.1.1'), ipv6: parseAddress('fe80::1')},
    clock: {
      now: () => now,
      async sleep(ms) {
        now += ms;
      },
    },
    log: silentLogger,
    readNamespaceId: async path => (path === '/run/netns/web' ? '17' : path === '/proc/self/ns/net' ? '1' : undefined),
    whyNoPair: async () => undefined,
    look: async () => node(),
    async pass() {
      passes += 1;
    },
    last: () => ({node: node(), errors}),
    ...others,
  });
  return {
    endpoints,
    texts,
    modes,
    now: () => now,
    passes: () => passes,
    fail(failures: Readonly<Record<string, string>>, earlier: Readonly<Record<string, string>> = {}) {
      errors = [earlier, failures].map(each => new EndpointError(new Map(Object.entries(each))));
    },
  };
}

const names = (endpoints: ReturnType<typeof service>['endpoints']) => endpoints.list().map(({name}) => name);

test('what is wanted is written, for root alone, before the pass that makes it so', async t => {
  const {endpoints, texts, modes} = service({
    async pass() {
      t.regex(texts.get(file) ?? '', /"name": "a"/);
    },
  });
  t.like(await endpoints.put('a', {ips: ['10.1.0.1'], local: true}), {name: 'a', local: true, state: 'not allocated'});
  t.is(modes.get(file), 0o600);
  const again = service();
  again.texts.set(file, texts.get(file) ?? '');
  await again.endpoints.readFacts();
  t.deepEqual(names(again.endpoints), ['a']);
});

test('a file that cannot be written is an error, and nothing is wanted', async t => {
  const {endpoints, passes} = service({
    files: {
      read: async () => undefined,
      async replace() {
        throw new Error('ENOSPC: no space left on device');
      },
    },
  });
  await t.throwsAsync(endpoints.put('a', {ips: ['10.1.0.1'], local: true}), {message: /ENOSPC/});
  t.deepEqual([names(endpoints), passes()], [[], 0]);
});

test('of two that ask for the same at once one gets it; others are not held up', async t => {
  const {endpoints} = service();
  const asked = await Promise.allSettled(
    ['a', 'b', 'c'].map((name, index) => endpoints.put(name, {ips: [`10.1.0.${index === 2 ? 2 : 1}`], local: true})),
  );
  t.deepEqual(
    asked.map(({status}) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  t.deepEqual(names(endpoints), ['a', 'c']);
  const [again, both] = await Promise.all([1, 2].map(() => endpoints.put('d', {ips: ['10.1.0.3'], local: true})));
  t.deepEqual(again, both);
  t.deepEqual(names(endpoints), ['a', 'c', 'd']);
});

test('an address is waited for 3 s, and no longer', async t => {
  let waited: () => number = () => 0;
  const late = service({known: () => ({blocks: waited() < 2000 ? [] : ['10.1.0.0/29']})});
  waited = late.now;
  await t.notThrowsAsync(late.endpoints.put('a', {ips: ['10.1.0.1'], local: true}));
  const never = service({known: () => ({blocks: []})});
  await t.throwsAsync(never.endpoints.put('a', {ips: ['10.1.0.1'], local: true}), {
    code: 'ERR_CONFLICT',
    message: /it lies in no block of host-1/,
  });
  t.true(never.now() >= 3000 && never.now() < 3200, `${never.now()} ms`);
});

test('an interface of which the kernel has not told yet is looked for in the kernel itself', async t => {
  const looks: boolean[] = [];
  const {endpoints} = service({
    async look(isKernelAsked) {
      looks.push(isKernelAsked);
      return situation({interfaces: isKernelAsked ? [uplink, device('tap7')] : [uplink]});
    },
  });
  await t.notThrowsAsync(endpoints.put('a', {ips: ['10.1.0.1'], interface: 'tap7'}));
  t.true(looks.includes(true));
  await t.throwsAsync(endpoints.put('b', {ips: ['10.1.0.2'], interface: 'tap8'}), {
    code: 'ERR_INVALID',
    message: /There is no interface tap8/,
  });
});

test('what cannot be set up is told with its first reason, and stays wanted; what cannot be taken away is told, too', async t => {
  const {endpoints, fail} = service();
  fail({a: 'no route'}, {a: 'no device'});
  await t.throwsAsync(endpoints.put('a', {ips: ['10.1.0.1'], interface: 'tap3'}), {
    message: 'Endpoint a cannot be set up now: no device. It stays wanted, and is tried again; or remove it.',
  });
  t.deepEqual(
    endpoints.list().map(({state, reason}) => `${state}: ${reason}`),
    ['failed: no device'],
  );
  fail({});
  await t.notThrowsAsync(endpoints.put('a', {ips: ['10.1.0.1'], interface: 'tap3'}));
  for (const trace of ['tap3', '10.1.0.1/32']) {
    fail({[trace]: 'busy'});
    await t.throwsAsync(endpoints.remove('a'), {message: /^Endpoint a is not wanted any more, but cannot be taken away now: busy\./});
    t.deepEqual(names(endpoints), []);
    fail({'10.1.0.7/32': 'of another one'});
    await endpoints.put('a', {ips: ['10.1.0.1'], interface: 'tap3'});
  }
  await t.notThrowsAsync(endpoints.remove('a'));
});

test('where nothing is known of the host or the store, it is said, and no pass is waited for', async t => {
  const blind = service({
    async look() {
      throw new Error('no address');
    },
  });
  await t.throwsAsync(blind.endpoints.put('a', {ips: ['10.1.0.1'], local: true}), {
    message: 'What this host is like cannot be found out now: no address',
  });
  const early = service({look: async () => undefined, last: () => ({node: undefined, errors: []})});
  await t.throwsAsync(early.endpoints.put('a', {ips: ['10.1.0.1'], local: true}), {
    message: /before the agent has read the first whole state/,
  });
  early.texts.set(file, '{"version": 1, "endpoints": [{"name": "b", "ips": ["10.1.0.2"], "local": true}]}');
  const later = service({
    look: async () => undefined,
    last: () => ({node: undefined, errors: []}),
    files: {read: async () => early.texts.get(file), replace: async () => undefined},
  });
  t.like(await later.endpoints.put('b', {ips: ['10.1.0.2'], local: true}), {state: 'waiting'});
  await t.notThrowsAsync(later.endpoints.remove('b'));
  t.is(later.passes(), 0);
});

test('a namespace that cannot take a pair, or is the host itself, is refused', async t => {
  const refusing = service({whyNoPair: async () => 'It has an interface already.', known: () => ({namespaces: ['web 17']})});
  await t.throwsAsync(refusing.endpoints.put('a', {ips: ['10.1.0.1'], netns: 'web'}), {
    code: 'ERR_CONFLICT',
    message: 'It has an interface already.',
  });
  const same = service({readNamespaceId: async () => '17'});
  await t.throwsAsync(same.endpoints.put('a', {ips: ['10.1.0.1'], netns: 'web'}), {
    code: 'ERR_INVALID',
    message: /is that of this host itself/,
  });
});
