import {z} from 'zod';
import {InputError} from '../core/errors.ts';

/** Where and how the command line talks to the daemon. */
export interface CliSettings {
  readonly url: string;
  readonly format: 'table' | 'json';
  readonly tokenFile: string | undefined;
}

export interface CliFlags {
  readonly rootURL?: string;
  readonly rootPort?: string;
  readonly format?: string;
  readonly tokenFile?: string;
}

/** The CLI's own file (~/.romana.yaml, then /etc/romana/cli.yaml), with the original's keys. */
const CliFile = z.strictObject({
  RootURL: z.string().optional(),
  RootPort: z.union([z.int(), z.string()]).optional(),
  Format: z.string().optional(),
  TokenFile: z.string().optional(),
  LogFile: z.string().optional(),
  Platform: z.string().optional(),
  Verbose: z.boolean().optional(),
});

/** Flags over environment over file over defaults. A port beside the URL is put into it. Throws InputError. */
export function parseCliSettings(
  flags: CliFlags,
  environment: Readonly<Record<string, string | undefined>>,
  file?: {readonly path: string; readonly document: unknown},
): CliSettings {
  const parsed = CliFile.safeParse(file?.document ?? {});
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({path, message}) => `${path.join('.') || 'the whole'}: ${message}`);
    throw new InputError('ERR_CONFIG', `cannot use ${file?.path}: ${problems.join('; ')}`);
  }
  const {RootURL, RootPort, Format, TokenFile} = parsed.data;
  const format = flags.format ?? Format ?? 'table';
  if (format !== 'table' && format !== 'json')
    throw new InputError('ERR_USAGE', `unknown format ${JSON.stringify(format)}, expected table or json`);
  const url = parseUrl(
    flags.rootURL ?? RootURL ?? 'http://127.0.0.1',
    flags.rootPort ?? (flags.rootURL === undefined ? RootPort : undefined),
  );
  return {url, format, tokenFile: flags.tokenFile ?? environment['ROMANA_TOKEN_FILE'] ?? TokenFile};
}

function parseUrl(text: string, port: string | number | undefined): string {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new InputError('ERR_USAGE', `invalid root URL ${JSON.stringify(text)}, expected http://address:port`);
  }
  if (port !== undefined) {
    if (!/^\d{1,5}$/.test(String(port)) || Number(port) > 65_535) {
      throw new InputError('ERR_USAGE', `invalid root port ${JSON.stringify(port)}, expected 0 to 65535`);
    }
    url.port = String(port);
  }
  if (port === undefined && url.port === '' && !/:\d+\/?$/.test(text)) url.port = '9600';
  return url.toString().replace(/\/$/, '');
}
