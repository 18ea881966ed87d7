import {spawn} from 'node:child_process';
import {once} from 'node:events';
import path from 'node:path';
import {createInterface} from 'node:readline';
import test, {type ExecutionContext} from 'ava';
import type {Clock} from '../../src/system/clock.ts';
import {createServiceManager} from '../../src/system/notify.ts';
import {createRun, type Run} from '../../src/system/run.ts';
import {temporaryFolder} from '../helpers/folder.ts';
import {waitFor} from '../helpers/wait.ts';

/** A clock on which waiting takes no time; after so many waits it is told to stop. */
function countedClock(waits: number) {
  const stop = new AbortController();
  const slept: number[] = [];
  const clock: Clock = {
    now: () => 0,
    async sleep(ms) {
      slept.push(ms);
      if (slept.length === waits) stop.abort();
    },
  };
  return {clock, slept, signal: stop.signal};
}

const listener = `
use Socket; socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die; bind($s, pack_sockaddr_un($ARGV[0])) or die; $| = 1; print "ready\\n";
while (defined recv($s, my $text, 65536, 0)) { $text =~ s/\\n/ /g; print "$text\\n"; }
`;

/** A service manager's socket, and what came in. */
async function startListener(t: ExecutionContext) {
  const socket = path.join(await temporaryFolder(t), 'notify');
  const child = spawn('perl', ['-e', listener, socket], {stdio: ['ignore', 'pipe', 'inherit']});
  const ended = once(child, 'close');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const lines: string[] = [];
  // With a barrier the program asks whether what it said was heard.
  createInterface({input: child.stdout}).on('line', line => line.startsWith('BARRIER=') || lines.push(line.trim()));
  await waitFor('it listens', () => lines.shift() === 'ready');
  return {socket, lines};
}

test('a service manager is told by its own program that all is ready, how it goes, that it lives, and that it ends', async t => {
  const {socket, lines} = await startListener(t);
  // What systemd-notify finds in its environment is what systemd has put there.
  const run: Run = (command, args, options) => createRun()('env', [`NOTIFY_SOCKET=${socket}`, command, ...args], options);
  const manager = createServiceManager(run, {NOTIFY_SOCKET: socket, WATCHDOG_USEC: '30000000'});
  t.true(manager.isThere);
  await manager.ready();
  await manager.tell('all is as it should be');
  await manager.tell('all is as it should be');
  const {clock, slept, signal} = countedClock(2);
  await manager.keepAlive(clock, signal);
  await manager.stopping();
  const pid = `MAINPID=${process.pid}`;
  const wanted = [
    ['READY=1', pid],
    [pid, 'STATUS=all is as it should be'],
    [pid, 'WATCHDOG=1'],
    [pid, 'WATCHDOG=1'],
    [pid, 'STOPPING=1'],
  ];
  await waitFor('all was said', () => lines.length === wanted.length);
  t.deepEqual(
    lines.map(line => line.split(/ (?=[A-Z]+=)/).toSorted()),
    wanted.map(variables => variables.toSorted()),
  );
  t.deepEqual(slept, [15_000, 15_000], 'twice in the time');
});

test('where there is no service manager nothing is run', async t => {
  const manager = createServiceManager(() => Promise.reject(new Error('must not run')), {WATCHDOG_USEC: '1000'});
  t.false(manager.isThere);
  await manager.ready();
  await manager.tell('x');
  await manager.stopping();
});

test('a watchdog that is meant for another process is not answered', async t => {
  const commands: string[] = [];
  const run: Run = async (_command, args) => commands.push(args.join(' ')).toString();
  const manager = createServiceManager(run, {NOTIFY_SOCKET: '/x', WATCHDOG_USEC: '1000', WATCHDOG_PID: '1'});
  await manager.keepAlive(countedClock(1).clock, new AbortController().signal);
  t.deepEqual(commands, []);
});

test('what cannot be said is no failure', async t => {
  const manager = createServiceManager(() => Promise.reject(new Error('no such program')), {NOTIFY_SOCKET: '/x'});
  await manager.ready();
  await t.notThrowsAsync(() => manager.tell('x'));
});
