import {stringify} from 'yaml';
import type {Config} from './schema.ts';

const secretName = /password|secret|token|md5|key/i;
const fileName = /File$|^(cert|key|ca)$/;

/** The effective configuration as YAML. Passwords in URLs and free values with a secret's name are hidden; names of files are not secret. */
export function printConfig(config: Config): string {
  return stringify(hide('', config), {lineWidth: 0});
}

function hide(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map(item => hide(name, item));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hide(key, inner)]));
  if (typeof value !== 'string') return value;
  if (secretName.test(name) && !fileName.test(name)) return '(hidden)';
  return value.replace(/^(https?:\/\/)[^/@]+@/, '$1(hidden)@');
}
