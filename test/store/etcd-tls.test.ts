import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {openStore} from '../../src/bin/program.ts';
import {InputError} from '../../src/core/errors.ts';
import {StoreError} from '../../src/store/store.ts';
import {createAuthority, credentialsOf, serverFlags, type TestCertificate} from '../helpers/certificates.ts';
import {startDaemon, startRomana} from '../helpers/daemon.ts';
import {openStore as openClient, startEtcd} from '../helpers/etcd.ts';
import {temporaryFolder} from '../helpers/folder.ts';
import {follow, put} from '../helpers/store.ts';
import {waitFor} from '../helpers/wait.ts';

test('a client with a certificate reads, writes and watches over TLS, and goes on after a restart', async t => {
  const ca = await createAuthority(t);
  const client = {credentials: credentialsOf(ca, await ca.issue('romana'))};
  const etcd = await startEtcd(t, {scheme: 'https', args: serverFlags(ca, await ca.issue('etcd')), client});
  const store = etcd.openStore({probeMs: 200});
  const {revision} = await put(store, '/romana/a', '1');
  t.is((await store.get('/romana/a'))?.value, '1');
  const {events} = await follow(t, store, revision + 1);
  await etcd.kill();
  await t.throwsAsync(store.get('/romana/a'), {instanceOf: StoreError, message: /no connection: connect ECONNREFUSED/});
  await etcd.restart();
  await put(store, '/romana/b', '2');
  await waitFor('the watch tells', () => events.some(({key}) => key === '/romana/b'));
  t.pass();
});

test('a refusal on either side says which certificate to look at', async t => {
  const [ca, other] = [await createAuthority(t), await createAuthority(t, 'another CA')];
  const good = await ca.issue('romana');
  const servers = {
    good: await startEtcd(t, {scheme: 'https', args: serverFlags(ca, await ca.issue('etcd'))}),
    expired: await startEtcd(t, {scheme: 'https', args: serverFlags(ca, await ca.issue('etcd', {days: -1}))}),
    elsewhere: await startEtcd(t, {scheme: 'https', args: serverFlags(ca, await ca.issue('elsewhere', {alternative: 'DNS:etcd.example'}))}),
    plain: await startEtcd(t),
  };
  const expired = await ca.issue('romana', {days: -1});
  const endpoint = servers.good.endpoint;
  const cases: [string, string, ReturnType<typeof credentialsOf> | undefined, RegExp][] = [
    ['no certificate', endpoint, credentialsOf(ca), /asks for a client certificate: set etcd\.tls\.cert and etcd\.tls\.key$/],
    [
      'a foreign one',
      endpoint,
      credentialsOf(ca, await other.issue('foreign')),
      /refuses our certificate, CN=foreign, valid until .*2\d{3} GMT \(etcd\.tls\.cert\): is it .* signed by/,
    ],
    ['an expired one', endpoint, credentialsOf(ca, expired), /refuses our certificate, CN=romana, valid until .*: is it in its time/],
    ['another CA', endpoint, credentialsOf(other, good), /not signed by a CA in etcd\.tls\.ca \(/],
    ['no CA', endpoint, undefined, /not signed by a CA in etcd\.tls\.ca \(/],
    [
      'an etcd whose certificate has expired',
      servers.expired.endpoint,
      credentialsOf(ca, good),
      /certificate of etcd is out of its time \(certificate has expired\)$/,
    ],
    [
      'an etcd with another name',
      servers.elsewhere.endpoint,
      credentialsOf(ca, good),
      /certificate of etcd is for another address: .*127\.0\.0\.1/,
    ],
    [
      'https where http is spoken',
      servers.plain.endpoint.replace('http', 'https'),
      credentialsOf(ca, good),
      /no TLS is spoken there|broken off at once: is it http:/,
    ],
    ['http where https is spoken', endpoint.replace('https', 'http'), undefined, /does this etcd want https:/],
  ];
  for (const [what, url, credentials, message] of cases) {
    const store = openClient(t, {endpoints: [url], ...(credentials && {credentials})});
    const error = await t.throwsAsync(store.get('/romana/a'), {instanceOf: StoreError, message}, what);
    t.true(error?.message.startsWith(`cannot read from etcd at ${url}: `), what);
    await t.throwsAsync(put(store, '/romana/a', ''), {instanceOf: StoreError, message: /^(?!.*answer not known)/s}, what);
  }
});

test('a daemon speaks TLS to etcd as configured', async t => {
  const ca = await createAuthority(t);
  const etcd = await startEtcd(t, {scheme: 'https', args: serverFlags(ca, await ca.issue('etcd'))});
  const config = await writeConfig(t, etcd.endpoint, {ca: ca.cert, ...(await ca.issue('romana'))});
  const daemon = await startDaemon(t, ['--config', config]);
  t.is((await daemon.get('/hosts')).status, 200);
  t.is(await daemon.stop(), 0);
});

test('files of TLS and of the password that cannot be used are wrong configuration, and named', async t => {
  const [ca, folder] = [await createAuthority(t), await temporaryFolder(t)];
  const [own, other] = [await ca.issue('romana'), await ca.issue('other')];
  const file = async (name: string, text: string) => {
    await writeFile(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const missing = path.join(folder, 'missing.pem');
  const aFolder = path.join(folder, 'folder');
  await mkdir(aFolder);
  const [garbage, empty] = [await file('garbage.pem', 'no PEM at all'), await file('empty', '\n')];
  const cases: [string, Partial<TlsFiles>, string][] = [
    ['etcd.tls.ca', {ca: missing}, `"${missing}": ENOENT`],
    ['etcd.tls.ca', {ca: garbage}, `"${garbage}": expected certificates in PEM`],
    ['etcd.tls.cert', {cert: aFolder}, `"${aFolder}": EISDIR`],
    ['etcd.tls.cert', {cert: garbage}, `"${garbage}": expected a certificate in PEM`],
    ['etcd.tls.key', {key: missing}, `"${missing}": ENOENT`],
    ['etcd.tls.key', {key: garbage}, `"${garbage}": expected a private key in PEM`],
    ['etcd.tls.key', {key: other.key}, `"${other.key}": is not the key of the certificate in "${own.cert}"`],
    ['etcd.passwordFile', {password: missing}, `"${missing}": ENOENT`],
    ['etcd.passwordFile', {password: empty}, `"${empty}": the file is empty`],
  ];
  for (const [setting, {password, ...files}, problem] of cases) {
    const login = password === undefined ? {} : {username: 'romana', passwordFile: password};
    const opening = openStore({endpoints: ['https://127.0.0.1:1'], prefix: '/romana', tls: {ca: ca.cert, ...own, ...files}, ...login});
    const error = await t.throwsAsync(opening, {instanceOf: InputError, code: 'ERR_CONFIG'}, problem);
    t.true(error?.message.startsWith(`${setting}: got ${problem}`), `${problem}: ${error?.message}`);
  }
  const program = startRomana(t, ['daemon', '--config', await writeConfig(t, 'https://127.0.0.1:1', {ca: ca.cert, ...own, key: missing})]);
  t.is(await program.exitCode, 2);
  t.is(program.stderr, `romana: etcd.tls.key: got "${missing}": ENOENT: no such file or directory, open '${missing}'\n`);
});

interface TlsFiles extends TestCertificate {
  readonly ca: string;
  readonly password?: string;
}

async function writeConfig(t: ExecutionContext, endpoint: string, tls: TestCertificate & {ca: string}): Promise<string> {
  const file = path.join(await temporaryFolder(t), 'romana.yaml');
  // What is YAML may be written as JSON.
  await writeFile(file, JSON.stringify({etcd: {endpoints: [endpoint], tls}, daemon: {listen: '127.0.0.1:0'}}));
  return file;
}
