import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import type {ExecutionContext} from 'ava';
import {createEtcdProcess} from '../helpers/etcd-process.ts';
import {temporaryFolder} from '../helpers/folder.ts';
import {createNamespace, type Namespace, namespaceTest} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';

const test = namespaceTest();

test('when packets vanish, requests end in time and the watch says so; when they pass again, all goes on and nothing was missed', async t => {
  const namespace = await createNamespace(t, 'etcd');
  const folder = await temporaryFolder(t);
  // The test itself comes by another address than the client that is cut off.
  const [near, side] = ['http://127.0.0.1:2379', 'http://127.0.0.2:2379'];
  const urls = [`--listen-client-urls=${near},${side}`, `--advertise-client-urls=${near}`, '--listen-peer-urls=http://127.0.0.1:0'];
  const etcd = createEtcdProcess(t, [`--data-dir=${folder}/data`, ...urls], namespace.name);
  etcd.start();
  await etcd.ready();
  const put = (key: string) => namespace.run('etcdctl', ['--endpoints', side, 'put', key, 'x']);
  const client = startClient(t, namespace, near);
  await waitFor('the watch stands', () => client.state() === 'connected');
  await put('/romana/before');
  await waitFor('it tells', () => client.told.includes('/romana/before'));

  const rule = ['-p', 'tcp', '-s', '127.0.0.1', '-d', '127.0.0.1', '-j', 'DROP'];
  await namespace.run('iptables', ['-A', 'INPUT', ...rule]);
  await waitFor('the watch is out of touch', () => client.state() === 'disconnected');
  const {length} = client.failures;
  await waitFor('reads end without answer', () => client.failures.length >= length + 2);
  await put('/romana/meanwhile');
  await namespace.run('iptables', ['-D', 'INPUT', ...rule]);
  await waitFor('the watch is in touch', () => client.state() === 'connected');
  await waitFor('it tells what it missed', () => client.told.includes('/romana/meanwhile'));
  const {length: answered} = client.answers;
  await waitFor('reads are answered', () => client.answers.length >= answered + 2);
  t.deepEqual(client.told, ['/romana/before', '/romana/meanwhile']);
  for (const {error} of client.failures) t.regex(error, /^StoreError: cannot read from etcd at http:.*: no (answer|connection) within/);
  const longest = Math.max(...client.failures.map(({ms}) => ms));
  t.true(longest < 6000, `a read with a deadline of 1 s took ${longest} ms`);
});

interface ClientLine {
  readonly watch?: string;
  readonly told?: readonly string[];
  readonly ms?: number;
  readonly error?: string;
}

/** The program of store-child.ts inside a namespace; it ends with the test. */
function startClient(t: ExecutionContext, {name}: Namespace, endpoint: string) {
  const program = fileURLToPath(new URL('../helpers/store-child.ts', import.meta.url));
  const child = spawn('ip', ['netns', 'exec', name, process.execPath, program, endpoint], {stdio: ['ignore', 'pipe', 'inherit']});
  const ended = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let state = '';
  const told: string[] = [];
  const answers: number[] = [];
  const failures: {ms: number; error: string}[] = [];
  createInterface({input: child.stdout}).on('line', text => {
    const line = JSON.parse(text) as ClientLine;
    if (line.watch !== undefined) state = line.watch;
    told.push(...(line.told ?? []));
    if (line.error === '') answers.push(line.ms ?? 0);
    else if (line.error !== undefined) failures.push({ms: line.ms ?? 0, error: line.error});
  });
  return {state: () => state, told, answers, failures};
}
