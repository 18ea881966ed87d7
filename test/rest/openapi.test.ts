import {readFile, writeFile} from 'node:fs/promises';
import {Validator} from '@seriousme/openapi-schema-validator';
import anyTest from 'ava';
import {reportOf} from '../../src/agent/report.ts';
import {status as sampleStatus} from '../agent/status-sample.ts';
import {startDaemon, type TestDaemon} from '../helpers/daemon.ts';
import {freePort, startEtcd, type TestEtcd} from '../helpers/etcd.ts';
import {temporaryFolder} from '../helpers/folder.ts';
import {startSystem} from '../helpers/ipam.ts';
import {readDocument} from '../helpers/openapi.ts';
import {waitFor} from '../helpers/wait.ts';

// One system at a time: each is an etcd and a daemon.
const test = anyTest.serial;

/** Clients are generated from these names: one that changes breaks them. */
const operationIds = `
GET /networks listNetworks
GET /networks/{name} getNetwork
GET /networks/{name}/blocks listBlocksOfNetwork
GET /blocks listBlocks
GET /topology getTopology
POST /topology replaceTopology
GET /hosts listHosts
POST /hosts addHost
GET /hosts/{name} getHost
PATCH /hosts/{name} patchHost
DELETE /hosts/{name} removeHost
POST /address allocateAddress
DELETE /address releaseAddress
GET /addresses listAddresses
GET /addresses/{nameOrIp} getAddresses
GET /blackouts listBlackouts
POST /blackouts addBlackout
DELETE /blackouts removeBlackout
GET /tenants listTenants
POST /tenants addTenant
DELETE /tenants/{tenant} removeTenant
GET /tenants/{tenant}/segments listSegments
POST /tenants/{tenant}/segments addSegment
DELETE /tenants/{tenant}/segments/{segment} removeSegment
GET /vips listVips
GET /vips/{name} getVip
PUT /vips/{name} putVip
DELETE /vips/{name} removeVip
GET /status getStatus
GET /explain/{ip} explainIp
GET /healthz getHealth
GET /readyz getReadiness
GET /version getVersion
GET /metrics getMetrics
GET /openapi.json getOpenApi
`;

test('the document is valid OpenAPI 3.1, and its operations keep their names', async t => {
  const {daemon} = await startSystem(t);
  const {document, operations} = await readDocument(daemon);
  t.deepEqual(await new Validator().validate(structuredClone(document)), {valid: true});
  t.regex(document.openapi, /^3\.1\./);
  const {version} = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  t.is(document.info.version, version);
  const named = operations.map(operation => {
    const [method = '', path = ''] = operation.split(' ');
    return `${operation} ${document.paths[path][method.toLowerCase()].operationId}`;
  });
  t.deepEqual(named.toSorted(), operationIds.trim().split('\n').toSorted());
  t.is(new Set(named.map(line => line.split(' ')[2])).size, named.length);
  t.false('security' in document);

  const entry = {$ref: '#/components/schemas/TopologyEntry'};
  t.deepEqual(document.components.schemas.TopologyEntry.properties.groups.anyOf[0], {type: 'array', items: entry});
});

test('the README of ipamd names every path', async t => {
  const {daemon} = await startSystem(t);
  const {operations} = await readDocument(daemon);
  const readme = await readFile(new URL('../../src/ipam/README.md', import.meta.url), 'utf8');
  const paths = new Set(operations.map(operation => operation.split(' ')[1]));
  t.deepEqual(
    [...paths].filter(path => !new RegExp(`\`${path?.replaceAll(/[{}]/g, '\\$&')}[\`?[]`).test(readme)),
    [],
  );
});

type Request = readonly [method: string, path: string, body: unknown, status: number];

const twoRacks = {
  networks: [
    {name: 'net', cidr: '10.111.0.0/28', block_mask: 30, tenants: ['t1']},
    {name: 'six', cidr: '2001:db8::/64'},
  ],
  topologies: [
    {networks: ['net'], map: ['r1', 'r2'].map(rack => ({name: rack, routing: rack, assignment: {rack}, groups: []}))},
    {networks: ['six'], map: [{name: 'zone', groups: [{name: 'd', ip: '192.168.0.9'}]}]},
  ],
};
const h1 = {name: 'h1', ip: '192.168.0.1', tags: {rack: 'r1'}};

const requests: readonly Request[] = [
  ['GET', '/topology', undefined, 200],
  ['POST', '/topology', {}, 400],
  ['POST', '/topology', {...twoRacks, networks: [{name: 'net', cidr: '10.0.0.0/33'}]}, 422],
  ['POST', '/topology?dry_run=true', twoRacks, 200],
  ['POST', '/topology', twoRacks, 200],
  ['POST', '/hosts', h1, 200],
  ['POST', '/hosts', h1, 409],
  ['POST', '/hosts', {name: 'h2', ip: 'x'}, 422],
  ['POST', '/hosts', {name: 'f', ip: '192.168.0.8', cidr: '2001:db8::1:0/122'}, 200],
  ['GET', '/hosts', undefined, 200],
  ['GET', '/hosts?rack=r1', undefined, 400],
  ['GET', '/hosts/h1', undefined, 200],
  ['GET', '/hosts/d', undefined, 200],
  ['GET', '/hosts/f', undefined, 200],
  ['GET', '/hosts/zz', undefined, 404],
  ['PATCH', '/hosts/h1', {tags: {disk: 'ssd', cpu: null}}, 200],
  ['PATCH', '/hosts/h1', {tags: {rack: 'r9'}}, 409],
  ['PATCH', '/hosts/h1', {ip: 'x'}, 422],
  ['PATCH', '/hosts/zz', {drained: true}, 404],
  ['POST', '/address', {name: 'a', host: 'h1', tenant: 't1'}, 200],
  ['POST', '/address', {name: 'a', host: 'h1', tenant: 't1'}, 409],
  ['POST', '/address', {name: 'a b', host: 'h1'}, 422],
  ['POST', '/address', {name: 'b', host: 'zz'}, 404],
  ...Array.from({length: 7}, (_, index) => ['POST', '/address', {name: `a${index}`, host: 'h1', tenant: 't1'}, 200] as const),
  ['POST', '/address', {name: 'b', host: 'h1', tenant: 't1'}, 507],
  ['POST', '/address', {name: 'a', host: 'd', tenant: 't1', family: 'ipv6'}, 200],
  ['POST', '/topology', {networks: [], topologies: []}, 409],
  ['POST', '/topology?dry_run=true', {networks: [], topologies: []}, 200],
  ['GET', '/topology', undefined, 200],
  ['GET', '/addresses', undefined, 200],
  ['GET', '/addresses/a', undefined, 200],
  ['GET', '/addresses/x/y', undefined, 404],
  ['GET', '/networks', undefined, 200],
  ['GET', '/networks/net', undefined, 200],
  ['GET', '/networks/zz', undefined, 404],
  ['GET', '/networks/net/blocks', undefined, 200],
  ['GET', '/networks/zz/blocks', undefined, 404],
  ['GET', '/blocks?host=h1&tenant=t1', undefined, 200],
  ['POST', '/blackouts', {cidr: '2001:db8::ff00/120'}, 200],
  ['POST', '/blackouts', {cidr: '10.111.0.0/30'}, 409],
  ['POST', '/blackouts', {cidr: '10.111.0.0/33'}, 422],
  ['GET', '/blackouts', undefined, 200],
  ['DELETE', '/blackouts?cidr=2001:db8::/64', undefined, 404],
  ['DELETE', '/blackouts?cidr=x', undefined, 422],
  ['DELETE', '/blackouts?cidr=2001:db8::ff00/120', undefined, 200],
  ['POST', '/tenants', {name: 't1'}, 200],
  ['POST', '/tenants', {name: 't1'}, 409],
  ['POST', '/tenants', {name: ''}, 422],
  ['GET', '/tenants', undefined, 200],
  ['POST', '/tenants/t1/segments', {name: 's'}, 200],
  ['POST', '/tenants/t1/segments', {name: 's'}, 409],
  ['POST', '/tenants/t1/segments', {name: 'a b'}, 422],
  ['POST', '/tenants/t9/segments', {name: 's'}, 404],
  ['GET', '/tenants/t1/segments', undefined, 200],
  ['GET', '/tenants/t9/segments', undefined, 404],
  ['POST', '/address', {name: 'in-s', host: 'd', tenant: 't1', segment: 's', family: 'ipv6'}, 200],
  ['DELETE', '/tenants/t1/segments/s', undefined, 409],
  ['DELETE', '/tenants/t1', undefined, 409],
  ['DELETE', '/address?addressName=in-s', undefined, 200],
  ['DELETE', '/tenants/t1/segments/s', undefined, 200],
  ['DELETE', '/tenants/t1/segments/s', undefined, 404],
  ['POST', '/tenants', {name: 't2'}, 200],
  ['DELETE', '/tenants/t2', undefined, 200],
  ['DELETE', '/tenants/t2', undefined, 404],
  ['DELETE', '/address?addressName=a', undefined, 200],
  ['DELETE', '/address?addressName=a', undefined, 404],
  ['PUT', '/vips/v', {ip: '192.168.0.99', hosts: ['h1']}, 200],
  ['PUT', '/vips/v', {ip: '192.168.0.1'}, 409],
  ['PUT', '/vips/v', {ip: 'x'}, 422],
  ['PUT', '/vips/v', {ip: '192.168.0.99', hosts: ['zz']}, 404],
  ['GET', '/vips', undefined, 200],
  ['GET', '/vips/v', undefined, 200],
  ['GET', '/vips/zz', undefined, 404],
  ['GET', '/explain/192.168.0.99', undefined, 200],
  ['DELETE', '/vips/v', undefined, 200],
  ['DELETE', '/vips/v', undefined, 404],
  ['GET', '/blocks', undefined, 200],
  ['GET', '/status', undefined, 200],
  ['GET', '/status?host=zz', undefined, 404],
  ['GET', '/explain/10.111.0.1', undefined, 200],
  ['GET', '/explain/10.9.0.1', undefined, 200],
  ['GET', '/explain/10.111.0.0%2F30', undefined, 422],
  ['DELETE', '/hosts/h1', undefined, 200],
  ['DELETE', '/hosts/h1', undefined, 404],
  ['GET', '/healthz', undefined, 200],
  ['GET', '/readyz', undefined, 200],
  ['GET', '/version', undefined, 200],
  ['GET', '/metrics', undefined, 200],
  ['GET', '/openapi.json', undefined, 200],
];

test('every operation answers, and refuses, as the document says', async t => {
  const etcd = await startEtcd(t);
  const daemon = await startDaemon(t, ['--etcd-endpoints', etcd.endpoint]);
  const document = await readDocument(daemon);
  const seen = new Set<string>();
  for (const [method, path, body, status] of requests) {
    if (path === '/status') await reportFrom(etcd, daemon);
    if (path === '/vips') await holdVip(etcd, daemon);
    const answer = await daemon.request(method, path, body);
    t.is(answer.status, status, `${method} ${path} ${JSON.stringify(answer.body)}`);
    const operation = document.operationOf(method, path);
    t.deepEqual(document.faultsOfAnswer(operation, answer), [], `${method} ${path} ${JSON.stringify(answer.body)}`);
    seen.add(`${operation} ${status}`);
  }
  const wrongType = await daemon.request('POST', '/hosts', 'a=b', {'content-type': 'text/plain'});
  const tooLarge = await daemon.post('/topology', `"${'x'.repeat(1024 * 1024)}"`);
  const notAcceptable = await daemon.request('GET', '/hosts', undefined, {accept: 'image/png'});
  t.deepEqual([wrongType.status, tooLarge.status, notAcceptable.status], [415, 413, 406]);
  t.deepEqual(document.faultsOfAnswer('POST /hosts', wrongType), []);
  t.deepEqual(document.faultsOfAnswer('POST /topology', tooLarge), []);
  t.deepEqual(document.faultsOfAnswer('GET /hosts', notAcceptable), []);

  // What is said and never happens is as wrong as what happens and is not said.
  const said = document.operations.flatMap(operation => document.ownStatuses(operation).map(status => `${operation} ${status}`));
  t.deepEqual(
    said.filter(each => !seen.has(each)),
    ['GET /readyz 503'],
  );
});

test('with the store away, 503 as the document says', async t => {
  const daemon = await startDaemon(t, ['--etcd-endpoints', `http://127.0.0.1:${await freePort()}`], {isReady: false});
  const document = await readDocument(daemon);
  for (const operation of document.operations.filter(each => each.startsWith('GET '))) {
    const path = operation.slice(4).replace(/\{\w+\}/, '10.0.0.1');
    const answer = await daemon.get(path);
    t.is(answer.status, /^\/(healthz|version|metrics|openapi)/.test(path) ? 200 : 503, operation);
    t.deepEqual(document.faultsOfAnswer(operation, answer), [], operation);
  }
});

test('with a token, the document says so', async t => {
  const etcd = await startEtcd(t);
  const tokenFile = `${await temporaryFolder(t)}/token`;
  const config = `${tokenFile}.yaml`;
  await writeFile(tokenFile, 'secret');
  await writeFile(config, `daemon: {tokenFile: ${tokenFile}}`);
  const daemon = await startDaemon(t, ['--config', config, '--etcd-endpoints', etcd.endpoint]);
  t.is((await daemon.get('/openapi.json')).status, 401);
  const document = await readDocument(daemon, {authorization: 'Bearer secret'});
  const {document: all} = document;
  t.deepEqual(await new Validator().validate(structuredClone(all)), {valid: true});
  t.deepEqual(all.security, [{token: []}]);
  t.deepEqual(all.components.securitySchemes, {token: {type: 'http', scheme: 'bearer'}});
  for (const operation of document.operations) {
    const [method = '', path = ''] = operation.split(' ');
    const isOpen = path === '/healthz' || path === '/readyz';
    t.deepEqual(all.paths[path][method.toLowerCase()].security, isOpen ? [] : undefined, operation);
    const answer = await daemon.request(method, path.replace(/\{\w+\}/, 'x'));
    t.is(answer.status, isOpen ? 200 : 401, operation);
    t.deepEqual(document.faultsOfAnswer(operation, answer), [], operation);
  }
});

test('a body is malformed for the daemon when it is for the document', async t => {
  const {daemon} = await startSystem(t, {topology: twoRacks});
  const document = await readDocument(daemon);
  const network = {name: 'n', cidr: '10.0.0.0/8'};
  const bodies: readonly (readonly [operation: string, body: unknown])[] = [
    ...[h1, {...h1, tags: null}, {...h1, groups: {}, k8s_info: 7}, {name: 'x', ip: 'x'}, {...h1, agent_port: 1}].map(
      each => ['POST /hosts', each] as const,
    ),
    ...[{}, [], null, 'x', {name: 'x'}, {...h1, ip: 7}, {...h1, tag: {}}, {...h1, tags: {a: 1}}, {...h1, name: ''}].map(
      each => ['POST /hosts', each] as const,
    ),
    ...[0, 65536, 1.5, '1'].map(agent_port => ['POST /hosts', {...h1, agent_port}] as const),
    ...[{}, {name: 'a'}, {name: 'a', host: 'h'}, {name: 'a', host: 'h', family: 'ipx'}, {name: 'a', host: 'h', tenant: null}].map(
      each => ['POST /address', each] as const,
    ),
    ...[{}, {tags: {a: null}}, {tags: {a: 'b'}}, {tags: null}, {drained: 'yes'}, {name: 'h2'}].map(
      each => ['PATCH /hosts/{name}', each] as const,
    ),
    ...[{}, {ip: 'x'}, {ip: ''}, {ip: 7}, {ip: 'x', hosts: []}, {ip: 'x', hosts: [7]}, {ip: 'x', hosts: ['']}, {ip: 'x', hosts: null}].map(
      each => ['PUT /vips/{name}', each] as const,
    ),
    ...[{}, {name: 'x', tenant: 'y'}, {name: 7}, {name: ''}, {name: 'n'}].map(each => ['POST /tenants', each] as const),
    ...[
      {networks: [], topologies: []},
      {networks: [network], topologies: []},
      {networks: [{...network, block_mask: null, tenants: ['a'], revision: 3}], topologies: [{networks: [], map: []}]},
      {networks: [{...network, mask: 3}], topologies: []},
      {networks: []},
      {networks: {}, topologies: []},
      {networks: [], topologies: [{networks: ['n'], map: [{groups: [{groups: [{name: 'x', hosts: [{name: 'h', ip: 'x'}]}]}]}]}]},
      {networks: [], topologies: [{networks: ['n'], map: [{groups: [{groups: [{name: 'x', hots: []}]}]}]}]},
      {networks: [], topologies: [{networks: ['n'], map: [{assignment: {rack: 1}}]}]},
    ].map(each => ['POST /topology', each] as const),
  ];
  const counts = {malformed: 0, wellFormed: 0};
  for (const [operation, body] of bodies) {
    const [method = '', path = ''] = operation.split(' ');
    const answer = await daemon.request(method, path.replace('{name}', 'nobody'), JSON.stringify(body), {
      'content-type': 'application/json',
    });
    const faults = document.faultsOfBody(operation, body);
    t.is(
      answer.status === 400,
      faults.length > 0,
      `${operation} ${JSON.stringify(body)}: ${answer.status} ${answer.body?.details}, ${faults}`,
    );
    counts[answer.status === 400 ? 'malformed' : 'wellFormed'] += 1;
  }
  t.true(counts.malformed > 10 && counts.wellFormed > 10, JSON.stringify(counts));
});

test('an answer that the document does not say is found', async t => {
  const {daemon} = await startSystem(t, {hosts: ['h1']});
  const document = await readDocument(daemon);
  const good = await daemon.get('/hosts/h1');
  const faults = (body: unknown, status = 200) => document.faultsOfAnswer('GET /hosts/{name}', {...good, status, body}).length;
  const {ip, ...withoutIp} = good.body;
  t.is(faults(good.body), 0);
  t.is(faults(withoutIp), 1);
  t.is(faults({...good.body, colour: 'red'}), 1);
  t.is(faults({...good.body, drained: 'no'}), 1);
  t.is(faults({...good.body, groups: {net: {name: 'a', path: 'b'}}}), 1);
  t.is(faults(good.body, 418), 1);
  t.true(faults({details: 'x'}, 404) > 0);
});

/** Lets an agent report, as far as the daemon can tell. */
async function reportFrom({keys, openStore}: TestEtcd, daemon: TestDaemon) {
  const report = reportOf({
    ...sampleStatus,
    bird: {
      ...sampleStatus.bird,
      isStale: true,
      staleReason: 'syntax error',
      staleSince: 1000,
      unanswered: 'no socket',
      problem: {reason: 'syntax error', file: '/t/p.conf', line: 5, column: 3, text: 'rejekt'},
      trial: {since: 1000, deadline: 31_000, waitingFor: ['tor']},
      warnings: [{guard: 'open-filter', reason: 'imports all', file: '/t/p.conf', line: 3}],
      reloads: {accepted: 2},
    },
    drain: {state: 'draining', since: 1000, deadline: 61_000, withOtherPath: 1, prefixes: 2},
  });
  const drivers = [{name: 'routes', wanted: 1, error: 'no', waitsFor: 'rules'}];
  await openStore().commit({
    conditions: [],
    operations: [
      {put: keys.beat('h1'), value: JSON.stringify({at: Date.now(), revision: 42})},
      {put: keys.report('h1'), value: JSON.stringify({...report, drivers})},
    ],
  });
  await waitFor('the report is seen', async () => (await daemon.get('/status?host=h1')).body[0].reported);
}

/** Lets a host hold the VIP v, as far as the daemon can tell. */
async function holdVip({keys, openStore}: TestEtcd, daemon: TestDaemon) {
  await openStore().commit({conditions: [], operations: [{put: keys.vipHolder('v'), value: JSON.stringify({host: 'h1', since: 1000})}]});
  await waitFor('the holder is seen', async () => (await daemon.get('/vips/v')).body.holder === 'h1');
}
