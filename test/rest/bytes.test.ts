import {connect} from 'node:net';
import {text} from 'node:stream/consumers';
import anyTest from 'ava';
import type {TestDaemon} from '../helpers/daemon.ts';
import {startSystem} from '../helpers/ipam.ts';

// What clients send that are not as careful as a library: byte by byte.

// One system at a time: each is an etcd and a daemon.
const test = anyTest.serial;

const json = 'Content-Type: application/json\r\n';

/** Sends bytes as they are; the status and the body of what comes back. */
async function send(daemon: TestDaemon, bytes: string | Buffer): Promise<{status: number; body: ReturnType<typeof JSON.parse>}> {
  const {hostname, port} = new URL(daemon.url);
  const socket = connect(Number(port), hostname);
  socket.write(bytes);
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
  return {status: Number(head.split(' ')[1]), body: JSON.parse(body)};
}

function post(path: string, body: string | Buffer, headers = json): Buffer {
  const content = Buffer.from(body);
  const head = `POST ${path} HTTP/1.1\r\nHost: x\r\n${headers}Content-Length: ${content.length}\r\nConnection: close\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), content]);
}

const host = (number: number, more = '') => `{"name":"n${number}","ip":"192.168.7.${number}"${more}}`;

test('a body is taken for JSON when it has no type, and may begin with a byte order mark', async t => {
  const {daemon} = await startSystem(t);
  t.deepEqual(await send(daemon, post('/hosts', host(1), '')), {status: 200, body: null});
  t.deepEqual(await send(daemon, post('/hosts', `\ufeff${host(2)}`)), {status: 200, body: null});
  t.deepEqual(await send(daemon, post('/hosts', host(3), 'Content-Type: Application/JSON;charset=utf-8\r\n')), {status: 200, body: null});
  t.is((await daemon.get('/hosts')).body.hosts.length, 3);
});

test('a body that would not arrive as it was sent is refused', async t => {
  const {daemon} = await startSystem(t);
  const broken = Buffer.concat([Buffer.from('{"name":"n'), Buffer.from([0xff, 0xfe]), Buffer.from('","ip":"192.168.7.1"}')]);
  const prototype = 'The body has a field "__proto__", which no object can keep.';
  const cases: [what: string, bytes: Buffer, status: number, details: string | RegExp][] = [
    ['bytes that are no UTF-8', post('/hosts', broken), 400, /^The body is not JSON: /],
    ['a prototype', post('/hosts', host(1, ',"tags":{"__proto__":"a"}')), 400, prototype],
    ['a prototype, in other letters', post('/hosts', host(1, ',"tags":{"__pr\\u006fto__":"a"}')), 400, prototype],
    ['a prototype in a topology', post('/topology', '{"networks":[],"topologies":[],"__proto__":{}}'), 400, prototype],
    [
      'another type',
      post('/hosts', host(1), 'Content-Type: text/plain\r\n'),
      415,
      'A body of type "text/plain" is not taken; send application/json.',
    ],
    [
      'a form',
      post('/hosts', 'a=b', 'Content-Type: application/x-www-form-urlencoded\r\n'),
      415,
      /^A body of type "application\/x-www-form-/,
    ],
    ['a byte more than 1 MiB', post('/topology', `"${'x'.repeat(1024 * 1024 - 1)}"`), 413, 'The body is larger than 1 MiB.'],
    ['1 MiB', post('/topology', `"${'x'.repeat(1024 * 1024 - 2)}"`), 400, 'The topology document: expected object, received string.'],
    ['many brackets', post('/hosts', '['.repeat(500_000)), 400, /^The body is not JSON: /],
    ['null', post('/hosts', 'null'), 400, 'The body: expected object, received null.'],
  ];
  for (const [what, bytes, status, details] of cases) {
    const answer = await send(daemon, bytes);
    t.is(answer.status, status, `${what}: ${JSON.stringify(answer.body)}`);
    if (typeof details === 'string') t.is(answer.body.details, details, what);
    else t.regex(answer.body.details, details, what);
  }
  const pieces = ['100000', 'x'.repeat(0x100000), '10', 'x'.repeat(16), '0', '', ''].join('\r\n');
  const chunked = await send(
    daemon,
    `POST /topology HTTP/1.1\r\nHost: x\r\n${json}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n${pieces}`,
  );
  t.is(chunked.status, 413, 'also when its length is not told beforehand');
  t.deepEqual((await daemon.get('/hosts')).body.hosts, []);
});

test('names that every object has are names like others', async t => {
  const {daemon} = await startSystem(t);
  const tags = {constructor: 'a', toString: 'b', hasOwnProperty: 'c'};
  t.is((await daemon.post('/hosts', {name: 'constructor', ip: '192.168.7.1', tags})).status, 200);
  t.like((await daemon.get('/hosts/constructor')).body, {name: 'constructor', tags});
});

test('what is no request at all gets an answer of the usual form', async t => {
  const {daemon} = await startSystem(t);
  const cases: [what: string, bytes: string, status: number, details: string][] = [
    ['no HTTP', 'NONSENSE\r\n\r\n', 400, 'This is not an HTTP request.'],
    ['a header without a value', 'GET /hosts HTTP/1.1\r\nHost: x\r\nFoo\r\n\r\n', 400, 'This is not an HTTP request.'],
    ['large headers', `GET /hosts HTTP/1.1\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'The headers of the request are too large.'],
    [
      'a long name',
      `GET /hosts/${'a'.repeat(5000)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      414,
      'A name in the path is too long.',
    ],
    [
      'a path that cannot be decoded',
      'GET /hosts/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      400,
      'The path cannot be decoded.',
    ],
  ];
  for (const [what, bytes, status, details] of cases) {
    const {status: given, body} = await send(daemon, bytes);
    t.is(given, status, what);
    t.deepEqual(body, {status_code: status, details, resource_type: '', resource_id: '', see_also: ''}, what);
  }
  t.is((await daemon.get('/healthz')).status, 200);
});
