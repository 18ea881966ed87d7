import {createServer, type Socket} from 'node:net';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {BirdControlError, BirdNotRunningError, createBirdControl} from '../../../src/drivers/bird/control-socket.ts';
import {temporaryFolder} from '../../helpers/folder.ts';

test('an answer of many lines, in pieces', async t => {
  const socketPath = await fakeBird(t, socket => {
    socket.write('1007-Table mas');
    socket.write('ter4:\n 10.0.0.0/29  unreachable\n+spontaneous\n1007-b\n00');
    socket.write('00 \n');
  });
  t.deepEqual(await createBirdControl(socketPath).command('show route'), {
    code: '0000',
    lines: ['Table master4:', '10.0.0.0/29  unreachable', 'b', ''],
  });
});

test('an error code is an answer', async t => {
  const socketPath = await fakeBird(t, socket => socket.write('0002-Reading configuration from /x\n8002 /x:1:2 syntax error\n'));
  const {code, lines} = await createBirdControl(socketPath).command('configure');
  t.is(code, '8002');
  t.is(lines.at(-1), '/x:1:2 syntax error');
});

test('no socket, or one that nobody serves', async t => {
  const folder = await temporaryFolder(t);
  await t.throwsAsync(createBirdControl(path.join(folder, 'none.ctl')).command('show status'), {
    instanceOf: BirdNotRunningError,
    code: 'ERR_BIRD_NOT_RUNNING',
  });
});

test('a silent or closing BIRD is an error that says what was asked', async t => {
  const silent = await fakeBird(t, () => undefined);
  const closing = await fakeBird(t, socket => socket.end());
  await t.throwsAsync(createBirdControl(silent, {timeoutMs: 50}).command('configure'), {
    instanceOf: BirdControlError,
    message: /: configure: no answer after 50 ms$/,
  });
  await t.throwsAsync(createBirdControl(closing).command('configure'), {
    instanceOf: BirdControlError,
    message: /closed without an answer$/,
  });
});

async function fakeBird(t: ExecutionContext, answer: (socket: Socket) => void): Promise<string> {
  const socketPath = path.join(await temporaryFolder(t), 'bird.ctl');
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.write('0001 BIRD 2.0.12 ready.\n');
    socket.once('data', () => answer(socket));
    socket.on('error', () => undefined);
  });
  await new Promise<void>(resolve => server.listen(socketPath, resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return socketPath;
}
