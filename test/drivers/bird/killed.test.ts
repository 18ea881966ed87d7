import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {BirdNotRunningError} from '../../../src/drivers/bird/control-socket.ts';
import {namespaceTest} from '../../helpers/namespace.ts';
import {waitFor} from '../../helpers/wait.ts';
import {createBirdHost, defaultTemplates, writeFirstConf} from './bird-host.ts';

const test = namespaceTest();
const one = ['10.1.0.0/29'];

test('a BIRD that was killed, and of which nobody has taken notice yet, is down: nothing that is new lies there for its next start', async t => {
  const host = await createBirdHost(t, 'zombie');
  await writeFirstConf(host);
  const {birdConf, birdSocket, birdPidFile} = host.paths;
  // What starts it becomes a program that never asks for its end.
  const start = `bird -f -c ${birdConf} -s ${birdSocket} -P ${birdPidFile} & exec sleep 600`;
  const parent = spawn('ip', ['netns', 'exec', host.namespace.name, 'sh', '-c', start], {stdio: 'ignore', detached: true});
  const ended = once(parent, 'exit');
  t.teardown(async () => {
    process.kill(-(parent.pid ?? 0), 'SIGKILL');
    await ended;
  });
  await waitFor('BIRD answers', () =>
    host.control.command('show status').then(
      () => true,
      () => false,
    ),
  );
  const driver = host.driver();
  await host.pass(driver, host.node(one));
  const live = () => readFile(path.join(host.paths.confDir, 'publisher.conf'), 'utf8');
  const before = await live();

  const pid = Number(await readFile(birdPidFile, 'utf8'));
  process.kill(pid, 'SIGKILL');
  await waitFor('nobody has taken notice', async () => / Z /.test(await readFile(`/proc/${pid}/stat`, 'utf8')));
  const edited = {...defaultTemplates, 'publisher.conf': `${defaultTemplates['publisher.conf']}# edited\n`};
  await t.throwsAsync(host.pass(driver, host.node(one, edited)), {instanceOf: BirdNotRunningError});
  t.is(await live(), before);
  t.false(host.log.includes('SIGHUP'));
});
