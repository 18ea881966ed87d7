import {createPrivateKey, X509Certificate} from 'node:crypto';
import {InputError, messageOf} from '../core/errors.ts';
import type {Credentials} from './etcd-member.ts';

/** A file that a setting names, with what it holds. */
export interface SettingFile {
  readonly setting: string;
  readonly path: string;
  readonly content: Buffer;
}

/** Takes the PEM files of a TLS client. Throws InputError ERR_CONFIG that names the setting, the file and what is wrong with it. */
export function parseCredentials({ca, cert, key}: {ca: SettingFile; cert?: SettingFile; key?: SettingFile}): Credentials {
  parseFile(ca, 'certificates in PEM', content => new X509Certificate(content));
  if (cert === undefined || key === undefined) return {rootCertificate: ca.content};
  const certificate = parseFile(cert, 'a certificate in PEM', content => new X509Certificate(content));
  const privateKey = parseFile(key, 'a private key in PEM without passphrase', content => createPrivateKey(content));
  if (!certificate.checkPrivateKey(privateKey)) throw refuse(key, `is not the key of the certificate in ${JSON.stringify(cert.path)}`);
  return {rootCertificate: ca.content, certChain: cert.content, privateKey: key.content};
}

/** Takes the password from its file, without the end of its line. Throws InputError ERR_CONFIG. */
export function parsePassword(file: SettingFile): string {
  const password = file.content.toString().replace(/\r?\n$/, '');
  if (password === '') throw refuse(file, 'the file is empty');
  return password;
}

function parseFile<Result>(file: SettingFile, expected: string, parse: (content: Buffer) => Result): Result {
  try {
    return parse(file.content);
  } catch (error) {
    throw refuse(file, `expected ${expected}: ${messageOf(error)}`, error);
  }
}

function refuse({setting, path}: SettingFile, reason: string, cause?: unknown): InputError {
  return new InputError('ERR_CONFIG', `${setting}: got ${JSON.stringify(path)}: ${reason}`, {cause});
}
