import test from 'ava';
import {InputError} from '../../src/core/errors.ts';
import {parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {isCached, parseCachedRecords, renderCachedRecords} from '../../src/store/cached-records.ts';
import {createKeys} from '../../src/store/keys.ts';

const keys = createKeys('/romana');
const owner = {prefix: '/romana', host: 'host-1'};
const block = [keys.block(parsePrefix('10.1.0.0/29')), '{"cidr":"10.1.0.0/29","host":"host-1","tenant":"","segment":""}'] as const;
const cached = {revision: 42, writtenAt: 1_700_000_000_000, records: new Map([block, ['/romana/hosts/ä%20', '{"name":"ä \\" \\n"}']])};

test('what is rendered can be read back', t => {
  t.deepEqual(parseCachedRecords(owner, renderCachedRecords(owner, cached)), cached);
  const none = {...cached, records: new Map<string, string>()};
  t.deepEqual(parseCachedRecords(owner, renderCachedRecords(owner, none)), none);
});

const text = renderCachedRecords(owner, cached);
for (const [title, broken, reason] of [
  ['cut off in the middle', text.slice(0, -20), /^it is not JSON: /],
  ['empty', '', /^it is not JSON: /],
  ['of zeros, as a power cut may leave it', '\0'.repeat(100), /^it is not JSON: /],
  ['of another format', text.replace('"format":1', '"format":2'), /^format: /],
  ['without its records', JSON.stringify({...JSON.parse(text), records: undefined}), /^records: /],
  ['with records that are no text', JSON.stringify({...JSON.parse(text), records: ['a', 1]}), /^records\.1: /],
  ['but a number', '7', /expected object/],
  [
    'of another store',
    renderCachedRecords({...owner, prefix: '/lab'}, cached),
    /^the prefix of its store is "\/lab", expected "\/romana"$/,
  ],
  ['of another host', renderCachedRecords({...owner, host: 'host-2'}, cached), /^its host is "host-2", expected "host-1"$/],
] as const) {
  test(`a file is refused: ${title}`, t => {
    const error = t.throws(() => parseCachedRecords(owner, broken), {instanceOf: InputError});
    t.regex(error?.message ?? '', reason);
  });
}

test('kept is what makes a host a router: not the addresses of other hosts, nor what only guards, nor who holds a VIP', t => {
  const address = (host: string, name = 'web') => {
    const ip = parseAddress('10.1.0.1');
    const record = {name, ip, block: '10.1.0.0/29', host, tenant: '', segment: '', allocatedAt: ''};
    return {key: keys.address(ip), value: JSON.stringify(record), modRevision: 1};
  };
  const is = (key: string, value: string | undefined = '{}') =>
    isCached(keys, 'host-1', {key, ...(value !== undefined && {value}), modRevision: 1});
  for (const key of [keys.topology, keys.host('host-2'), keys.placement(7, 'host-2'), block[0], keys.vip('web')]) t.true(is(key), key);
  for (const key of [
    keys.blackouts,
    keys.staging,
    keys.tenant('t'),
    keys.segment('t', 's'),
    keys.barrier('x'),
    keys.vipHolder('web'),
    '/else',
  ]) {
    t.false(is(key), key);
  }
  t.true(isCached(keys, 'host-1', address('host-1')));
  t.false(isCached(keys, 'host-1', address('host-2')));
  t.false(isCached(keys, 'host-1', address('host-2', 'host-1')), 'an endpoint may be called like the host');
  t.false(isCached(keys, 'host-1', {...address('host-1'), value: 'no JSON, but "host-1"'}));
  t.false(isCached(keys, 'host-1', {key: block[0], modRevision: 1}), 'what has gone');
});
