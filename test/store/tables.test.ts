import test from 'ava';
import {parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {createKeys} from '../../src/store/keys.ts';
import {parseAllocatedAddress, parseBlock, parseHost, parseVip, parseVipHolder, renderRecord} from '../../src/store/records.ts';
import {createTables, type RecordChange} from '../../src/store/tables.ts';

const keys = createKeys('/romana');
const cidr = parsePrefix('10.0.0.0/29');
const ip = parseAddress('10.0.0.1');
const identity = {name: 'h1', ip: parseAddress('192.168.0.1'), agentPort: 9604, drained: false, tags: {rack: 'a'}};
const placement = {host: 'h1', generation: 3, groups: {net: cidr}};
const host = {...identity, groups: placement.groups};
const block = {cidr, host: 'h1', tenant: 't', segment: ''};
const address = {name: 'a', ip, block: cidr, host: 'h1', tenant: 't', segment: '', allocatedAt: '2020-01-01T00:00:00.000Z'};
const vip = {name: 'db/main', ip: parseAddress('192.168.0.99'), hosts: ['h1']};
const holder = {vip: vip.name, host: 'h1', since: 1_600_000_000_000};
const topology = {networks: [{name: 'net', cidr: '10.0.0.0/24'}], topologies: [{networks: ['net'], map: []}]};

const values: Readonly<Record<string, unknown>> = {
  [keys.topology]: {generation: 3, document: topology},
  [keys.blackouts]: {cidrs: [cidr]},
  [keys.host('h1')]: identity,
  [keys.placement(3, 'h1')]: placement,
  [keys.block(cidr)]: block,
  [keys.address(ip)]: address,
  [keys.vip(vip.name)]: vip,
  [keys.vipHolder(vip.name)]: {host: holder.host, since: holder.since},
};

test('records are parsed back as they were rendered', t => {
  t.deepEqual(parseHost('k', renderRecord(identity)), identity);
  t.deepEqual(parseBlock('k', renderRecord(block)), block);
  t.deepEqual(parseAllocatedAddress('k', renderRecord(address)), address);
  t.deepEqual(parseVip('k', renderRecord(vip)), vip);
});

test('a record that cannot be parsed names the key, the field and what is wrong', t => {
  const cases: [() => unknown, RegExp][] = [
    [() => parseHost('/romana/hosts/h1', 'not json'), /^cannot read \/romana\/hosts\/h1 from the store: not JSON$/],
    [() => parseHost('/romana/hosts/h1', renderRecord({...identity, agentPort: 'x'})), /\/romana\/hosts\/h1.*agentPort/],
    [() => parseBlock('/romana/blocks/b', renderRecord({...block, cidr: '10.0.0.0/99'})), /\/romana\/blocks\/b.*10\.0\.0\.0\/99/],
    [() => parseAllocatedAddress('/romana/addresses/a', renderRecord({...address, ip: undefined})), /\/romana\/addresses\/a.*ip/],
    [() => parseBlock('/romana/blocks/b', 'null'), /\/romana\/blocks\/b/],
    [() => parseVip('/romana/vips/v', renderRecord({...vip, hosts: 'h1'})), /\/romana\/vips\/v.*hosts/],
    [() => parseVipHolder('/romana/vip-holders/v', '{"host":"h1"}'), /\/romana\/vip-holders\/v.*since/],
  ];
  for (const [parse, message] of cases) t.throws(parse, {message, code: 'ERR_STORED_VALUE'});
});

test('tables show each kind of record with the revision that wrote it', t => {
  const {tables, changes} = filledTables();
  t.is(tables.topology?.value.trees[0]?.root.cidr, parsePrefix('10.0.0.0/24'));
  t.deepEqual(tables.hosts.get('h1'), {value: host, modRevision: 7});
  t.deepEqual(tables.blocks.get(cidr), {value: block, modRevision: 7});
  t.deepEqual(tables.addresses.get(ip), {value: address, modRevision: 7});
  t.deepEqual(tables.vips.get('db/main'), {value: vip, modRevision: 7});
  t.deepEqual(tables.vipHolders.get('db/main'), {value: holder, modRevision: 7});
  t.deepEqual(
    changes.map(({kind}) => kind),
    ['topology', 'blackouts', 'host', 'host', 'block', 'address', 'vip', 'vipHolder'],
  );
  for (const key of Object.keys(values)) tables.apply({key, modRevision: 8});
  t.is(tables.topology, undefined);
  const {hosts, blocks, addresses, vips, vipHolders} = tables;
  t.deepEqual(
    [hosts, blocks, addresses, vips, vipHolders].map(({size}) => size),
    [0, 0, 0, 0, 0],
  );
  t.like(changes.at(-3), {kind: 'address', before: address, after: undefined});
  t.like(changes.at(-2), {kind: 'vip', before: vip, after: undefined});
  t.like(changes.at(-1), {kind: 'vipHolder', before: holder, after: undefined});
});

test('a value that cannot be read is reported, and the last good one stays', t => {
  for (const [key, good] of Object.entries(values)) {
    const {tables, unreadable} = filledTables();
    const before = tables.snapshot(7);
    tables.apply({key, value: '{"broken":', modRevision: 9});
    t.deepEqual(
      unreadable.map(report => report.key),
      [key],
    );
    t.deepEqual(tables.snapshot(7), before, key);
    // A transaction that compares with what is there now must be able to succeed.
    const {topology: stored, blackouts, hosts, blocks, addresses, vips, vipHolders} = tables;
    const owners = [vips.get(vip.name), vipHolders.get(vip.name)];
    const revisions = [stored, blackouts, hosts.get('h1'), blocks.get(cidr), addresses.get(ip), ...owners];
    t.deepEqual(
      revisions.map(record => record?.modRevision).toSorted(),
      // Nobody compares with a placement.
      [7, 7, 7, 7, 7, 7, key.includes('placements') ? 7 : 9],
      key,
    );
    tables.apply({key, value: renderRecord(good), modRevision: 10});
    t.deepEqual(tables.snapshot(7), before, key);
  }
});

test('a value that never could be read is nothing but a report', t => {
  const unreadable: string[] = [];
  const tables = createTables({keys, onUnreadable: key => unreadable.push(key)});
  for (const key of Object.keys(values)) tables.apply({key, value: '[]', modRevision: 1});
  t.deepEqual(unreadable, Object.keys(values));
  t.deepEqual([tables.topology, tables.hosts.size, tables.blocks.size, tables.addresses.size], [undefined, 0, 0, 0]);
});

test('a snapshot is not changed by what happens later', t => {
  const {tables} = filledTables();
  const snapshot = tables.snapshot(7);
  const copy = structuredClone(snapshot);
  for (const [key, value] of Object.entries(values)) {
    const {cidr: _, ...rest} = value as Record<string, unknown>;
    tables.apply({key, value: renderRecord({...rest, ...(key === keys.block(cidr) && {cidr}), host: 'h2'}), modRevision: 8});
    tables.apply({key, modRevision: 9});
  }
  t.deepEqual(snapshot, copy);
  t.is(tables.snapshot(9).hosts.size, 0);
});

function filledTables() {
  const changes: RecordChange[] = [];
  const unreadable: {key: string; reason: string}[] = [];
  const tables = createTables({
    keys,
    onUnreadable: (key, reason) => unreadable.push({key, reason}),
    onChange: change => changes.push(change),
  });
  for (const [key, value] of Object.entries(values)) tables.apply({key, value: renderRecord(value), modRevision: 7});
  return {tables, changes, unreadable};
}
