import {readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import type {EtcdOptions} from '../../src/store/etcd.ts';
import {createRun} from '../../src/system/run.ts';
import {temporaryFolder} from './folder.ts';

/** A certificate and its key, as files. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface TestAuthority extends TestCertificate {
  /** Signs a certificate; one of `days` -1 has expired. */
  issue(name: string, options?: {days?: number; alternative?: string}): Promise<TestCertificate>;
}

const run = createRun();
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes a certificate authority with openssl, in a folder that goes with the test. */
export async function createAuthority(t: Pick<ExecutionContext, 'teardown'>, name = 'test CA'): Promise<TestAuthority> {
  const folder = await temporaryFolder(t);
  const ca = {cert: path.join(folder, 'ca.pem'), key: path.join(folder, 'ca.key')};
  await run('openssl', ['req', '-x509', ...newKey, '-keyout', ca.key, '-out', ca.cert, '-subj', `/CN=${name}`, '-days', '2']);
  return {
    ...ca,
    async issue(subject, {days = 2, alternative = 'IP:127.0.0.1'} = {}) {
      const file = (extension: string) => path.join(folder, `${subject}${days}.${extension}`);
      const [cert, key] = [file('pem'), file('key')];
      await writeFile(file('ext'), `subjectAltName=${alternative}\nextendedKeyUsage=serverAuth,clientAuth\n`);
      await run('openssl', ['req', ...newKey, '-keyout', key, '-out', file('csr'), '-subj', `/CN=${subject}`]);
      const signer = ['-CA', ca.cert, '-CAkey', ca.key, '-set_serial', String(Date.now())];
      await run('openssl', ['x509', '-req', '-in', file('csr'), ...signer, '-out', cert, '-days', String(days), '-extfile', file('ext')]);
      return {cert, key};
    },
  };
}

/** What a store needs to trust an authority and to show a certificate. */
export function credentialsOf(ca: TestCertificate, own?: TestCertificate): NonNullable<EtcdOptions['credentials']> {
  return {
    rootCertificate: readFileSync(ca.cert),
    ...(own && {certChain: readFileSync(own.cert), privateKey: readFileSync(own.key)}),
  };
}

/** The flags of an etcd that shows a certificate, and asks clients for one. */
export function serverFlags(ca: TestCertificate, own: TestCertificate): string[] {
  return [`--cert-file=${own.cert}`, `--key-file=${own.key}`, `--trusted-ca-file=${ca.cert}`, '--client-cert-auth'];
}
