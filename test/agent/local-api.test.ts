import {request} from 'node:http';
import {connect} from 'node:net';
import path from 'node:path';
import {text} from 'node:stream/consumers';
import test, {type ExecutionContext} from 'ava';
import {fetchAgentStatus, fetchTemplateData, requestAgent} from '../../src/agent/client.ts';
import {startAgentServers} from '../../src/agent/server.ts';
import {temporaryFolder} from '../helpers/folder.ts';
import {status} from './status-sample.ts';

/** The agent's servers without an agent behind them; gives the socket. */
async function startServers(t: ExecutionContext): Promise<string> {
  const socket = path.join(await temporaryFolder(t), 'agent.sock');
  const servers = await startAgentServers({
    socket,
    metricsListen: {host: '127.0.0.1', port: 0},
    readStatus: async () => status,
    readTemplateData: () => undefined,
    readMetrics: async () => '',
    readObjects: () => Promise.reject(new Error('the kernel does not answer')),
    endpoints: {list: () => [], put: () => Promise.reject(new Error('no disk')), remove: async () => undefined},
  });
  t.teardown(servers.close);
  return socket;
}

function ask(
  socketPath: string,
  method: string,
  url: string,
  body?: string,
): Promise<{status: number; allow: string | undefined; text: string}> {
  return new Promise((resolve, reject) => {
    const call = request({socketPath, method, path: url}, async response =>
      resolve({status: response.statusCode ?? 0, allow: response.headers.allow, text: await text(response)}),
    );
    call.on('error', reject);
    call.end(body);
  });
}

test("whatever is refused on the agent's socket has the error body of the daemon", async t => {
  const socket = await startServers(t);
  const none = {resource_type: '', resource_id: '', see_also: ''};
  for (const [method, url, body, problem] of [
    [
      'GET',
      '/nowhere?x=1',
      undefined,
      {status_code: 404, details: 'There is no GET /nowhere.', resource_type: 'URI', resource_id: '/nowhere', see_also: ''},
    ],
    [
      'POST',
      '/nowhere',
      '{}',
      {status_code: 404, details: 'There is no POST /nowhere.', resource_type: 'URI', resource_id: '/nowhere', see_also: ''},
    ],
    ['POST', '/status', '{', {status_code: 405, details: 'There is no POST /status; it has GET, HEAD, OPTIONS.', ...none}],
    ['DELETE', '/endpoints', undefined, {status_code: 405, details: 'There is no DELETE /endpoints; it has GET, HEAD, OPTIONS.', ...none}],
    [
      'GET',
      '/endpoints/a/b',
      undefined,
      {status_code: 405, details: 'There is no GET /endpoints/a/b; it has PUT, DELETE, OPTIONS.', ...none},
    ],
    ['GET', '/%zz', undefined, {status_code: 400, details: 'The path cannot be decoded.', ...none}],
    ['PUT', '/endpoints/a', '{"ips": ["10.1.0.1"], "local": true}', {status_code: 500, details: 'no disk', ...none}],
    ['GET', '/objects', undefined, {status_code: 500, details: 'the kernel does not answer', ...none}],
  ] as const) {
    const answer = await ask(socket, method, url, body);
    t.deepEqual(JSON.parse(answer.text), problem, `${method} ${url}`);
    t.is(answer.status, problem.status_code);
  }
  t.is((await ask(socket, 'PATCH', '/endpoints/x')).allow, 'PUT, DELETE, OPTIONS');
  t.like(await ask(socket, 'OPTIONS', '/status'), {status: 204, allow: 'GET, HEAD, OPTIONS'});
  t.is((await ask(socket, 'GET', '/status')).text, JSON.stringify(status));
  t.is((await ask(socket, 'DELETE', '/endpoints/a/b')).text, 'null');
});

test('what is no HTTP gets it, too', async t => {
  const connection = connect(await startServers(t));
  connection.end('hello\r\n\r\n');
  t.regex(await text(connection), /^HTTP\/1\.1 400 Bad Request\r\n(?:.*\r\n)+.*"details":"This is not an HTTP request\."/);
});

test('the client says what the agent says, and where there is none asks for it', async t => {
  const socket = await startServers(t);
  await t.throwsAsync(fetchTemplateData(socket), {message: /^cannot ask the agent at \S+: The agent has not read any whole state/});
  await t.throwsAsync(requestAgent(socket, {method: 'PUT', path: '/nowhere'}), {message: 'There is no PUT /nowhere.'});
  const missing = `${socket}.missing`;
  const message = new RegExp(
    `^cannot ask the agent at ${missing}: no agent is running there \\(.*ENOENT.*\\): is the agent running\\? .* --socket FILE$`,
  );
  await t.throwsAsync(fetchAgentStatus(missing), {code: 'ERR_NO_AGENT', message});
  await t.throwsAsync(requestAgent(missing, {method: 'GET', path: '/endpoints'}), {code: 'ERR_NO_AGENT', message});
});
