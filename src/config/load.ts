import {parse as parseYaml, YAMLParseError} from 'yaml';
import {InputError} from '../core/errors.ts';
import {readEnvironment} from './environment.ts';
import {describeProblem} from './problems.ts';
import {Config} from './schema.ts';

export interface ConfigSources {
  /** The file's path and text; no text where there is no file. */
  readonly file?: {readonly path: string; readonly text: string} | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Nested like the file. */
  readonly flags: Readonly<Record<string, unknown>>;
}

/**
 * The effective configuration: flags over environment over file over defaults.
 * Throws InputError ERR_CONFIG that lists every problem: path, value, and what was expected.
 */
export function parseConfig({file, environment, flags}: ConfigSources): Config {
  const settings = [parseFile(file), readEnvironment(environment), flags].reduce<Record<string, unknown>>(merge, {});
  const result = Config.safeParse(settings);
  if (result.success) return deepFreeze(result.data);
  const problems = result.error.issues.flatMap(issue => describeProblem(issue, settings));
  throw new InputError(
    'ERR_CONFIG',
    [`cannot use the configuration${file === undefined ? '' : ` in ${file.path}`}:`, ...problems].join('\n  '),
  );
}

function parseFile(file: ConfigSources['file']): Record<string, unknown> {
  if (file === undefined) return {};
  try {
    const document: unknown = parseYaml(file.text) ?? {};
    if (isObject(document)) return document;
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const {line, col} = error.linePos?.[0] ?? {line: 1, col: 1};
    const reason = error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? '';
    throw new InputError('ERR_CONFIG', `cannot read ${file.path}: line ${line}, column ${col}: ${reason}`, {cause: error});
  }
  throw new InputError('ERR_CONFIG', `cannot read ${file.path}: expected keys and values (see the README)`);
}

function merge(below: Record<string, unknown>, above: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const merged = {...below};
  for (const [key, value] of Object.entries(above)) {
    const present = merged[key];
    merged[key] = isObject(present) && isObject(value) ? merge(present, value) : value;
  }
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) for (const inner of Object.values(Object.freeze(value))) deepFreeze(inner);
  return value;
}
