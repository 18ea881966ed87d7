import {readFile} from 'node:fs/promises';
import {text} from 'node:stream/consumers';
import {parse as parseYaml} from 'yaml';
import {createClient} from '../cli/client.ts';
import type {CliParts} from '../cli/parts.ts';
import {type CliFlags, parseCliSettings} from '../cli/settings.ts';
import {InputError, messageOf} from '../core/errors.ts';
import {systemClock} from '../system/clock.ts';
import {readFileIfPresent} from '../system/files.ts';
import {onStopSignal} from '../system/signals.ts';
import {readNamed} from './named-file.ts';

/** What the nouns of the command line act through, on the real machine. */
export function createCliParts(configFiles: readonly string[]): CliParts {
  return {
    async open(flags) {
      const {config, ...given} = flags as CliFlags & {config?: string};
      const file = await readCliFile(config === undefined ? configFiles : [config], config !== undefined);
      const settings = parseCliSettings(given, process.env, file);
      const token = settings.tokenFile && (await readNamed('TokenFile', settings.tokenFile)).toString().trim();
      const warnOfAge = (seconds: string) =>
        void process.stderr.write(`romana: ${settings.url} is out of touch with its store: this is what it knew ${seconds} s ago\n`);
      return {client: createClient(settings.url, token, warnOfAge), format: settings.format};
    },
    readInput: async file => (file === undefined || file === '-' ? text(process.stdin) : (await readInputFile(file)).toString()),
    write: output => process.stdout.write(output),
    warn: output => process.stderr.write(output),
    isUnicode: process.stdout.isTTY === true && isUtf8(process.env),
    clock: systemClock,
    stopSignal: onStopSignal,
  };
}

/** What locale(7) says of the characters of a terminal. The kernel's own console lacks the finer ones. */
function isUtf8({LC_ALL, LC_CTYPE, LANG, TERM}: NodeJS.ProcessEnv): boolean {
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '') && TERM !== 'linux' && TERM !== 'dumb';
}

async function readCliFile(files: readonly string[], isNamed: boolean) {
  for (const file of files) {
    const content = await readFileIfPresent(file);
    if (content !== undefined) return {path: file, document: parseDocument(file, content)};
    if (isNamed) throw new InputError('ERR_CONFIG', `cannot read ${file}: there is no such file`);
  }
  return undefined;
}

function parseDocument(file: string, content: string): unknown {
  try {
    return parseYaml(content);
  } catch (error) {
    throw new InputError('ERR_CONFIG', `cannot read ${file}: ${messageOf(error)}`, {cause: error});
  }
}

async function readInputFile(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new InputError('ERR_INPUT_FILE', `cannot read ${file}: ${messageOf(error)}`, {cause: error});
  }
}
