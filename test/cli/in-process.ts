import type {Command} from 'commander';
import {type Client, RequestError} from '../../src/cli/client.ts';
import type {CliParts} from '../../src/cli/parts.ts';
import {systemClock} from '../../src/system/clock.ts';

export interface NounOutcome {
  readonly stdout: string;
  readonly stderr: string;
  /** Why the exit status would not be 0. */
  readonly error: string | undefined;
  readonly requests: readonly string[];
}

export interface NounOptions {
  /** "GET /hosts" to a body, everything else is a 404; or a real daemon's client. */
  readonly answers: Readonly<Record<string, unknown>> | Client;
  readonly format?: 'table' | 'json';
  readonly isUnicode?: boolean;
  /** What any input file, and standard input, holds. */
  readonly input?: string;
}

/** Runs a noun's command without a process of its own: what it prints and asks for is the same, in a hundredth of the time. */
export async function runNoun(
  noun: (parts: CliParts) => Command,
  args: readonly string[],
  {answers, format = 'table', isUnicode = false, input = '{}'}: NounOptions,
): Promise<NounOutcome> {
  const requests: string[] = [];
  let [stdout, stderr] = ['', ''];
  const client: Client = {
    async request(method, path, body) {
      const what = `${method} ${path}`;
      requests.push([what, body === undefined ? '' : JSON.stringify(body)].filter(Boolean).join(' '));
      if (isClient(answers)) return answers.request(method, path, body);
      if (!Object.hasOwn(answers, what)) throw new RequestError(`${what}: there is no such thing (404)`, 404);
      return answers[what];
    },
  };
  const parts: CliParts = {
    open: async () => ({client, format}),
    readInput: async () => input,
    write: text => {
      stdout += text;
    },
    warn: text => {
      stderr += text;
    },
    isUnicode,
    clock: systemClock,
    stopSignal: () => new AbortController().signal,
  };
  const failure = await noun(parts)
    .exitOverride()
    .parseAsync(args, {from: 'user'})
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  return {stdout, stderr, error: failure instanceof Error ? failure.message : undefined, requests};
}

function isClient(answers: NounOptions['answers']): answers is Client {
  return typeof answers['request'] === 'function';
}
