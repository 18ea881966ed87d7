import type {Clock} from '../system/clock.ts';
import type {Client} from './client.ts';

/** What a noun's commands act through, known once the flags are read. */
export interface CliContext {
  readonly client: Client;
  readonly format: 'table' | 'json';
}

export interface CliParts {
  open(flags: Readonly<Record<string, unknown>>): Promise<CliContext>;
  readInput(file: string | undefined): Promise<string>;
  write(text: string): void;
  warn(text: string): void;
  /** Standard output is a terminal that shows more than ASCII: bars may be finer. */
  readonly isUnicode: boolean;
  readonly clock: Clock;
  /** Aborts on Ctrl-C from now on, instead of ending the program. */
  stopSignal(): AbortSignal;
}

/** A body as the original printed it: indented with tabs, and something to read where there is none. */
export function renderJson(body: unknown): string {
  const shown = body === null || body === undefined || body === '' ? {status_code: 200, details: '200 OK', see_also: ''} : body;
  return `${JSON.stringify(shown, undefined, '\t')}\n`;
}

/** What a command that changed something prints: a sentence, or the daemon's own answer. */
export function renderChange(format: CliContext['format'], body: unknown, sentence: string): string {
  return format === 'json' ? renderJson(body) : `${sentence}\n`;
}

/** Writes one thing in detail after the other, with an empty line in between. */
export function separated(write: (text: string) => void): (text: string) => void {
  let isFirst = true;
  return text => {
    write(isFirst ? text : `\n${text}`);
    isFirst = false;
  };
}

/** Does something for each item; goes on after a failure, and fails in the end if any did. */
export async function forEachItem<Item>(
  items: readonly Item[],
  {warn}: Pick<CliParts, 'warn'>,
  action: (item: Item) => Promise<void>,
): Promise<void> {
  let failures = 0;
  for (const item of items) {
    try {
      await action(item);
    } catch (error) {
      failures += 1;
      if (items.length === 1) throw error;
      warn(`romana: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  if (failures > 0) throw new Error(`${failures} of ${items.length} failed`);
}
