import {stringify} from 'yaml';
import type {Config} from './schema.ts';

const secretName = /password|passwd|passphrase|secret|token|md5|key|credential/i;

/** The effective configuration as YAML. Passwords in URLs and free values with a secret's name are hidden; names of files are not secret. */
export function printConfig(config: Config): string {
  const {publish} = config.agent;
  const shown = {...config, agent: {...config.agent, publish: {...publish, vars: hideSecrets(publish.vars)}}};
  return hideCredentials(stringify(shown, {lineWidth: 0, aliasDuplicateObjects: false}));
}

/** Hides user and password of every URL in a text. */
export function hideCredentials(text: string): string {
  return text.replace(/\b(https?:\/\/)[^/@\s"']+@/g, '$1(hidden)@');
}

/** Of the keys that we know none holds a secret itself, but the free values of the templates may. */
function hideSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hideSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, secretName.test(key) && !/File$/.test(key) ? '(hidden)' : hideSecrets(inner)]),
  );
}
