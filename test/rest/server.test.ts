import {execFile} from 'node:child_process';
import {readFile, writeFile} from 'node:fs/promises';
import {request as httpsRequest} from 'node:https';
import {connect} from 'node:net';
import {text} from 'node:stream/consumers';
import {promisify} from 'node:util';
import anyTest from 'ava';
import {startDaemon, startRomana} from '../helpers/daemon.ts';
import {startEtcd} from '../helpers/etcd.ts';
import {temporaryFolder} from '../helpers/folder.ts';
import {startSystem} from '../helpers/ipam.ts';

// One system at a time: each is an etcd and a daemon.
const test = anyTest.serial;

test('requests that are malformed are refused with the reason, and the daemon goes on', async t => {
  const {daemon} = await startSystem(t, {hosts: ['h1']});
  const json = {'content-type': 'application/json'};
  const cases: [
    what: string,
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string>,
    status: number,
    details: RegExp,
  ][] = [
    ['not JSON', 'POST', '/address', '{"name":', json, 400, /^The body is not JSON: .*\.$/],
    ['JSON of the wrong kind', 'POST', '/address', '[]', json, 400, /^The body: expected object, received array\.$/],
    ['no body', 'POST', '/address', '', json, 400, /^The body is required\.$/],
    ['unknown field', 'POST', '/address', {name: 'a', host: 'h1', hots: 1}, json, 400, /^Unknown field "hots" in the body\.$/],
    ['missing fields', 'POST', '/address', {}, json, 400, /^Field name is required\. Field host is required\.$/],
    ['wrong type', 'POST', '/address', {name: 'a', host: 7}, json, 400, /^Field host: expected string, received number\.$/],
    ['wrong family', 'POST', '/address', {name: 'a', host: 'h1', family: 'ipx'}, json, 400, /^Field family: /],
    [
      'unknown field of a host',
      'POST',
      '/hosts',
      {name: 'x', ip: '192.168.9.9', tag: {}},
      json,
      400,
      /^Unknown field "tag" in the body\.$/,
    ],
    ['a tag that is no text', 'POST', '/hosts', {name: 'x', ip: '192.168.9.9', tags: {a: 1}}, json, 400, /^Field tags\.a: expected string/],
    ['port out of range', 'POST', '/hosts', {name: 'x', ip: '192.168.9.9', agent_port: 70000}, json, 400, /^Field agent_port: /],
    ['missing query', 'DELETE', '/address', undefined, {}, 400, /^Field addressName is required\.$/],
    ['query given twice', 'DELETE', '/address?addressName=a&addressName=b', undefined, {}, 400, /^Field addressName: /],
    ['unknown query', 'GET', '/blocks?colour=red', undefined, {}, 400, /^Unknown field "colour" in the query\.$/],
    ['dry_run is not a truth value', 'POST', '/topology?dry_run=maybe', {}, json, 400, /^Field dry_run: /],
    ['a path that cannot be decoded', 'GET', '/hosts/%zz', undefined, {}, 400, /./],
    ['name that is an IP', 'POST', '/address', {name: '10.0.0.1', host: 'h1'}, json, 422, /^Bad address name: 10\.0\.0\.1/],
    ['name with a blank', 'POST', '/address', {name: 'a b', host: 'h1'}, json, 422, /^Bad address name: a b/],
    ['name that is too long', 'POST', '/address', {name: 'a'.repeat(254), host: 'h1'}, json, 422, /^Bad address name: /],
    ['bad tenant', 'POST', '/address', {name: 'a', host: 'h1', tenant: 'bad tenant!'}, json, 422, /^Bad tenant name: bad tenant!$/],
    ['bad segment', 'POST', '/address', {name: 'a', host: 'h1', segment: '/'}, json, 422, /^Bad segment name: \/$/],
    ['host IP as IPv6', 'POST', '/hosts', {name: 'x', ip: '::ffff:10.0.0.1'}, json, 422, /^Invalid host IP ::ffff:/],
    ['host IP that is none', 'POST', '/hosts', {name: 'x', ip: '192.168.0.0/24'}, json, 422, /^Invalid host IP "192\.168\.0\.0\/24"/],
    ['half a character', 'POST', '/hosts', '{"name":"\\ud800","ip":"192.168.9.9"}', json, 422, /^Bad host name: /],
    ['half a character in a topology', 'POST', '/topology', topologyWithHost('\ud800'), json, 422, /^Bad host name: /],
    ['name with a line end', 'POST', '/hosts', {name: 'a\nb', ip: '192.168.9.9'}, json, 422, /^Bad host name: /],
    ['unknown path', 'GET', '/nothing/here?x=1', undefined, {}, 404, /^There is no GET \/nothing\/here\.$/],
    ['unknown method', 'PUT', '/hosts', {}, json, 405, /^There is no PUT \/hosts; it has GET, HEAD, POST, OPTIONS\.$/],
    ['another type of body', 'POST', '/hosts', 'a=b', {'content-type': 'application/x-www-form-urlencoded'}, 415, /./],
    [
      'a type that cannot be answered',
      'GET',
      '/hosts',
      undefined,
      {accept: 'application/xml'},
      406,
      /^None of application\/xml can be answered/,
    ],
    ['a large body', 'POST', '/topology', `"${'x'.repeat(1024 * 1024)}"`, json, 413, /./],
  ];
  for (const [what, method, path, body, headers, status, details] of cases) {
    const answer = await daemon.request(method, path, body, headers);
    t.is(answer.status, status, `${what}: ${JSON.stringify(answer.body)}`);
    t.deepEqual(Object.keys(answer.body), ['status_code', 'details', 'resource_type', 'resource_id', 'see_also'], what);
    t.is(answer.body.status_code, status, what);
    t.regex(answer.body.details, details, what);
  }
  t.is((await daemon.get('/hosts')).body.hosts.length, 1);
  t.deepEqual((await daemon.get('/addresses')).body, []);
});

test('what is unknown is named', async t => {
  const {daemon} = await startSystem(t, {hosts: ['h1']});
  const cases: [method: string, path: string, body: unknown, type: string, id: string][] = [
    ['GET', '/hosts/zz', undefined, 'host', 'zz'],
    ['PATCH', '/hosts/zz', {drained: true}, 'host', 'zz'],
    ['DELETE', '/hosts/zz', undefined, 'host', 'zz'],
    ['GET', '/networks/zz', undefined, 'network', 'zz'],
    ['GET', '/networks/zz/blocks', undefined, 'network', 'zz'],
    ['GET', '/addresses/zz', undefined, 'address', 'zz'],
    ['GET', '/addresses/10.111.0.9', undefined, 'address', '10.111.0.9'],
    ['POST', '/address', {name: 'a', host: 'zz'}, 'host', 'zz'],
    ['GET', '/zz', undefined, 'URI', '/zz'],
  ];
  for (const [method, path, body, resource_type, resource_id] of cases) {
    const answer = await daemon.request(method, path, body);
    t.is(answer.status, 404, path);
    t.like(answer.body, {status_code: 404, resource_type, resource_id}, path);
    t.regex(answer.body.details, /\.$/, path);
  }
  const released = await daemon.delete('/address?addressName=nope');
  t.is(released.status, 404);
  t.is(released.body.details, 'An address object with attributes map[name:nope] not found');
});

test('a method that a path does not have is told from a path that is not there', async t => {
  const {daemon} = await startSystem(t, {hosts: ['h1']});
  const cases: [method: string, path: string, allow: string][] = [
    ['PUT', '/hosts', 'GET, HEAD, POST, OPTIONS'],
    ['POST', '/hosts/h1', 'GET, HEAD, PATCH, DELETE, OPTIONS'],
    ['GET', '/address?addressName=a', 'POST, DELETE, OPTIONS'],
    ['DELETE', '/addresses/a/b', 'GET, HEAD, OPTIONS'],
    ['POST', '/healthz', 'GET, HEAD, OPTIONS'],
  ];
  for (const [method, path, allow] of cases) {
    // Neither the type of the body nor what it says is looked at.
    const answer = await daemon.request(method, path, method === 'GET' ? undefined : 'x', {'content-type': 'text/plain'});
    t.is(answer.status, 405, path);
    t.is(answer.headers.get('allow'), allow);
    t.like(answer.body, {status_code: 405, details: `There is no ${method} ${path.split('?')[0]}; it has ${allow}.`});
    const options = await daemon.request('OPTIONS', path);
    t.is(options.status, 204);
    t.is(options.headers.get('allow'), allow);
    t.is(options.body, '');
  }
  t.is((await daemon.request('PUT', '/host', {})).status, 404);
  t.is((await daemon.request('OPTIONS', '/host')).status, 404);
  const {status, headers, body} = await daemon.request('HEAD', '/hosts/h1');
  t.is(status, 200);
  t.is(headers.get('content-length'), String(JSON.stringify((await daemon.get('/hosts/h1')).body).length));
  t.is(body, '');
  t.is((await daemon.request('HEAD', '/hosts/zz')).status, 404);
  t.is((await daemon.get('/hosts')).body.hosts.length, 1);
});

test('probes, version and metrics answer', async t => {
  const {daemon} = await startSystem(t, {hosts: ['h1']});
  await daemon.allocate('a', 'h1');
  await daemon.allocate('a', 'h1');
  t.deepEqual((await daemon.get('/healthz')).body, {status: 'ok'});
  t.deepEqual((await daemon.get('/readyz')).body, {status: 'ok'});
  const {version} = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  t.deepEqual((await daemon.get('/version')).body, {version});
  t.is((await daemon.get('/hosts')).headers.get('romana-state-age'), null);
  const {body: metrics, headers} = await daemon.request('GET', '/metrics', undefined, {accept: 'text/plain;version=0.0.4'});
  t.regex(headers.get('content-type') ?? '', /^text\/plain/);
  for (const line of [
    'romana_allocations_total{result="ok"} 1',
    'romana_allocations_total{result="refused"} 1',
    'romana_blocks{network="net",group="10.111.0.0/16",state="used"} 1',
    'romana_addresses{network="net",group="10.111.0.0/16",state="used"} 1',
    'romana_addresses{network="net",group="10.111.0.0/16",state="free"} 7',
    'romana_state_age_seconds 0',
    'romana_transaction_retries_total 0',
  ]) {
    t.true(metrics.split('\n').includes(line), line);
  }
  t.is((await daemon.get('/hosts/')).status, 200, 'a slash at the end changes nothing');
});

test('the types that the older clients send and accept are taken', async t => {
  const {daemon} = await startSystem(t, {hosts: ['h1']});
  for (const type of [
    'application/json',
    'application/json; charset=utf-8',
    'application/vnd.romana.v1+json',
    'application/vnd.romana+json',
  ]) {
    const answer = await daemon.request('POST', '/address', {name: `n${type.length}`, host: 'h1'}, {'content-type': type, accept: type});
    t.is(answer.status, 200, type);
  }
  t.is((await daemon.request('GET', '/hosts', undefined, {accept: 'application/json;q=0, text/html'})).status, 406);
  for (const accept of ['*/*', 'text/html, */*;q=0.1', 'application/*', 'Application/JSON ; q=0.5']) {
    t.is((await daemon.request('GET', '/hosts', undefined, {accept})).status, 200, accept);
  }
});

test('a DELETE with an empty body that is said to be JSON is taken', async t => {
  const {daemon} = await startSystem(t, {hosts: ['h1']});
  await daemon.allocate('a', 'h1');
  const json = {'content-type': 'application/json'};
  t.is((await daemon.request('DELETE', '/address?addressName=a', undefined, json)).status, 200);
  await daemon.allocate('a', 'h1');
  const {hostname, port} = new URL(daemon.url);
  const socket = connect(Number(port), hostname);
  socket.write(
    'DELETE /address?addressName=a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  );
  t.regex(await text(socket), /^HTTP\/1\.1 200 /);
  t.is((await daemon.request('DELETE', '/hosts/h1', undefined, json)).status, 200);
});

test('with TLS and a token, only who knows the token is answered', async t => {
  const folder = await temporaryFolder(t);
  const [cert, key, tokenFile, config] = ['cert.pem', 'key.pem', 'token', 'romana.yaml'].map(name => `${folder}/${name}`) as [
    string,
    string,
    string,
    string,
  ];
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
  ]);
  await writeFile(tokenFile, 'top-secret\n');
  await writeFile(config, JSON.stringify({daemon: {tls: {cert, key}, tokenFile}}));
  const etcd = await startEtcd(t);
  const daemon = await startDaemon(t, ['--config', config, '--etcd-endpoints', etcd.endpoint], {isReady: false, scheme: 'https'});
  const ca = await readFile(cert);
  const get = async (path: string, authorization?: string) => {
    const {promise, resolve, reject} = Promise.withResolvers<{status: number; body: string}>();
    httpsRequest(`${daemon.url}${path}`, {ca, agent: false, headers: {...(authorization !== undefined && {authorization})}}, async answer =>
      resolve({status: answer.statusCode ?? 0, body: await text(answer)}),
    )
      .on('error', reject)
      .end();
    return promise;
  };
  const authorizations: [string | undefined, number][] = [
    [undefined, 401],
    ['Bearer wrong', 401],
    ['Bearer top-secret2', 401],
    ['Bearer', 401],
    ['top-secret', 401],
    ['Basic top-secret', 401],
    ['Bearer top-secret', 200],
    ['bearer top-secret', 200],
  ];
  for (const [authorization, status] of authorizations) {
    for (const path of ['/version', '/metrics']) t.is((await get(path, authorization)).status, status, `${path} ${authorization}`);
  }
  t.is((await get('/unknown')).status, 401);
  t.like(JSON.parse((await get('/hosts')).body), {status_code: 401});
  t.is((await get('/healthz')).status, 200);
  t.true([200, 503].includes((await get('/readyz')).status));
  t.false(JSON.stringify(daemon.log).includes('top-secret'));

  await writeFile(tokenFile, '\n');
  const careless = startRomana(t, ['daemon', '--config', config, '--listen', '127.0.0.1:0', '--etcd-endpoints', etcd.endpoint]);
  t.is(await careless.exitCode, 2);
  t.regex(careless.stderr, /daemon\.tokenFile: .*the file is empty/);
});

function topologyWithHost(name: string) {
  return {networks: [{name: 'net', cidr: '10.111.0.0/16'}], topologies: [{networks: ['net'], map: [{name, ip: '192.168.3.3'}]}]};
}
