import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {StoreError} from '../../src/store/store.ts';
import {createRun} from '../../src/system/run.ts';
import {createAuthority, credentialsOf, serverFlags} from '../helpers/certificates.ts';
import {startDaemon} from '../helpers/daemon.ts';
import {openStore, startEtcd, type TestEtcd} from '../helpers/etcd.ts';
import {temporaryFolder} from '../helpers/folder.ts';
import {flat} from '../helpers/ipam.ts';
import {startLink} from '../helpers/link.ts';
import {findLostWrites, follow, put, startWrites} from '../helpers/store.ts';
import {waitFor} from '../helpers/wait.ts';

// Passwords are checked fast here, and slowly (some 70 ms of a core) by default.
const fastPasswords = '--bcrypt-cost=4';
const auth = {username: 'romana', password: 'right'};
const asRoot = ['--user', 'root:root'];

test('user and password open the prefix and the reports, and nothing else', async t => {
  const etcd = await startWithUsers(t, []);
  const store = etcd.openStore({auth});
  for (const key of ['/romana/a', '/romana.reports/h1/beat']) {
    await put(store, key, '1');
    t.is((await store.get(key))?.value, '1');
  }
  const {events, states} = await follow(t, store, 1);
  await waitFor('the watch stands', () => states.includes('connected') && events.length === 1);
  const rights = {instanceOf: StoreError, message: /: user romana lacks rights: /};
  await t.throwsAsync(store.get('/other'), rights);
  await t.throwsAsync(put(store, '/other', ''), {...rights, message: /^(?!.*answer not known)/});
  const wrong = etcd.openStore({auth: {...auth, password: 'wrong'}});
  await t.throwsAsync(wrong.get('/romana/a'), {
    instanceOf: StoreError,
    message: /: user romana is not known, or has another password \(etcd\.user/,
  });
  await t.throwsAsync(openStore(t, {endpoints: [etcd.endpoint]}).get('/romana/a'), {
    instanceOf: StoreError,
    message: /: etcd asks for a user: set etcd\.username/,
  });
});

test('a wrong password is not tried over and over', async t => {
  const etcd = await startWithUsers(t, []);
  const store = etcd.openStore({auth: {...auth, password: 'wrong'}});
  for (let index = 0; index < 20; index++) await t.throwsAsync(store.get('/romana/a'), {instanceOf: StoreError});
  t.true((await countLogins(etcd)) < 10);
});

test('tokens that run out are renewed, one at a time, for requests and watches', async t => {
  const etcd = await startWithUsers(t, [await jwtFlag(t, 2)]);
  const store = etcd.openStore({auth, probeMs: 200});
  const {revision} = await put(store, '/romana/start', '');
  const {events} = await follow(t, store, revision + 1);
  const before = await countLogins(etcd);
  const writes = startWrites(t, store, 20);
  await waitFor('three tokens ran out', async () => (await countLogins(etcd)) >= before + 3);
  await writes.stop();
  const last = await put(store, '/romana/end', '');
  await waitFor('the watch has told all', () => events.at(-1)?.modRevision === last.revision);
  t.deepEqual(writes.failures, []);
  t.deepEqual(await findLostWrites(store, writes, events), []);
  t.true((await countLogins(etcd)) < before + 20, '20 requests that are refused together ask for one token');
});

test('a watch that has to be made anew long after its token ran out gets another one', async t => {
  const etcd = await startWithUsers(t, [await jwtFlag(t, 1)]);
  const link = await startLink(t, Number(new URL(etcd.endpoint).port));
  // Between two looks of the watch, nothing is asked.
  const store = openStore(t, {endpoints: [`http://127.0.0.1:${link.port}`], auth, probeMs: 600_000});
  const {events, states} = await follow(t, store, 1);
  await waitFor('the watch stands', () => states.at(-1) === 'connected');
  const other = etcd.openStore({auth});
  const before = await countLogins(etcd);
  await waitFor('another token ran out', async () => {
    await put(other, '/romana/a', '');
    return (await countLogins(etcd)) >= before + 2;
  });
  const [{length: told}, {length: changes}] = [events, states];
  link.cut();
  await waitFor('the watch stands again', () => states.length > changes && states.at(-1) === 'connected');
  await put(other, '/romana/b', '');
  await waitFor('it tells', () => events.length > told && events.at(-1)?.key === '/romana/b');
  t.false(states.includes('lost'));
});

test('an etcd that has forgotten its tokens in a restart, other roles, and users that come only now interrupt nothing', async t => {
  const etcd = await startEtcd(t, {args: [fastPasswords, await jwtFlag(t, 300)], client: {auth}});
  const store = etcd.openStore({probeMs: 200});
  const {revision} = await put(store, '/romana/start', '');
  const {events} = await follow(t, store, revision + 1);
  const stands = async (what: string) => {
    await put(store, `/romana/${what}`, '');
    await waitFor(`the watch tells: ${what}`, () => events.at(-1)?.key === `/romana/${what}`);
  };
  await stands('no users');
  await addUsers(etcd);
  await stands('users');
  await etcd.ctl(...asRoot, 'role', 'add', 'newcomer');
  await stands('older token than roles');
  await etcd.ctl(...asRoot, 'role', 'revoke-permission', 'romana', '/romana/', '/romana0');
  await t.throwsAsync(store.get('/romana/start'), {instanceOf: StoreError, message: /lacks rights/});
  await etcd.ctl(...asRoot, 'role', 'grant-permission', 'romana', 'readwrite', '/romana/', '/romana0');
  await stands('rights again');

  const simple = await startWithUsers(t, []);
  const other = simple.openStore({auth, probeMs: 200});
  const watched = await follow(t, other, 1);
  await put(other, '/romana/before', '');
  await simple.kill();
  await simple.restart();
  t.true((await put(other, '/romana/after', '')).succeeded, 'the first request after the restart');
  await waitFor('the watch tells', () => watched.events.at(-1)?.key === '/romana/after');
});

test('the name in a client certificate may stand for user and password', async t => {
  const ca = await createAuthority(t);
  const credentials = credentialsOf(ca, await ca.issue('romana'));
  const root = await ca.issue('root');
  const etcd = await startEtcd(t, {
    scheme: 'https',
    args: [fastPasswords, ...serverFlags(ca, await ca.issue('etcd'))],
    client: {credentials},
  });
  const ctl: TestEtcd['ctl'] = (...args) => etcd.ctl('--cacert', ca.cert, '--cert', root.cert, '--key', root.key, ...args);
  await addUsers({...etcd, ctl});
  await put(etcd.openStore(), '/romana/a', '');
  await t.throwsAsync(put(etcd.openStore(), '/other', ''), {instanceOf: StoreError, message: /: this client lacks rights/});
});

test('a daemon works with the rights of the README', async t => {
  const etcd = await startWithUsers(t, []);
  const folder = await temporaryFolder(t);
  const file = (name: string) => path.join(folder, name);
  await writeFile(file('password'), 'right\n', {mode: 0o600});
  const login = {username: 'romana', passwordFile: file('password')};
  await writeFile(file('romana.yaml'), JSON.stringify({etcd: {endpoints: [etcd.endpoint], ...login}}));
  const daemon = await startDaemon(t, ['--config', file('romana.yaml')]);
  t.is((await daemon.post('/topology', flat())).status, 200);
  t.is((await daemon.post('/hosts', {name: 'h1', ip: '192.168.0.1'})).status, 200);
  t.is((await daemon.get('/status')).status, 200);
  t.is(await daemon.allocate('a', 'h1'), '10.111.0.0');
});

/** An etcd that asks for users: root, and romana with the rights that the README of src/store tells to give. */
async function startWithUsers(t: ExecutionContext, args: readonly string[]): Promise<TestEtcd> {
  const etcd = await startEtcd(t, {args: [fastPasswords, ...args], client: {auth}});
  await addUsers(etcd);
  return etcd;
}

async function addUsers({ctl}: Pick<TestEtcd, 'ctl'>): Promise<void> {
  await ctl('user', 'add', 'root:root');
  await ctl('user', 'grant-role', 'root', 'root');
  await ctl('role', 'add', 'romana');
  await ctl('role', 'grant-permission', 'romana', 'readwrite', '--prefix=true', '/romana/');
  await ctl('role', 'grant-permission', 'romana', 'readwrite', '--prefix=true', '/romana.');
  await ctl('user', 'add', 'romana:right');
  await ctl('user', 'grant-role', 'romana', 'romana');
  await ctl('auth', 'enable');
}

/** Tokens that nothing can lengthen. */
async function jwtFlag(t: ExecutionContext, seconds: number): Promise<string> {
  const [run, folder] = [createRun(), await temporaryFolder(t)];
  const [key, open] = [path.join(folder, 'jwt.key'), path.join(folder, 'jwt.pub')];
  await run('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key]);
  await run('openssl', ['ec', '-in', key, '-pubout', '-out', open]);
  return `--auth-token=jwt,pub-key=${open},priv-key=${key},sign-method=ES256,ttl=${seconds}s`;
}

/** How often etcd has been asked for a token. */
async function countLogins({endpoint}: TestEtcd): Promise<number> {
  const metrics = await (await fetch(`${endpoint}/metrics`)).text();
  const counts = metrics.matchAll(/^grpc_server_handled_total\{.*grpc_method="Authenticate".*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}
