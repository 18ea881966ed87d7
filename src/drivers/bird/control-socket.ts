import {createConnection, type Socket} from 'node:net';

export interface BirdReply {
  /** The code of the last line, four digits; see doc/reply_codes of BIRD. */
  readonly code: string;
  /** The text of every line, without codes; the last one is the answer proper. */
  readonly lines: readonly string[];
}

export interface BirdControl {
  /** Sends one command and gives BIRD's whole answer, whatever its code. Rejects with BirdNotRunningError or BirdControlError. */
  command(text: string, options?: {readonly timeoutMs?: number}): Promise<BirdReply>;
}

/** Nobody listens on the control socket. */
export class BirdNotRunningError extends Error {
  readonly code = 'ERR_BIRD_NOT_RUNNING';
  override readonly name = 'BirdNotRunningError';
}

/** The control socket does not answer as it should. */
export class BirdControlError extends Error {
  readonly code = 'ERR_BIRD_CONTROL';
  override readonly name = 'BirdControlError';
}

/**
 * Talks to BIRD's control socket, one connection a command, so that a restarted BIRD needs no care here. A line is `NNNN-text`, ` text` (the code
 * of the line before) or `NNNN text`, which ends the answer; BIRD greets with 0001.
 */
export function createBirdControl(socketPath: string, {timeoutMs: defaultTimeoutMs = 30_000} = {}): BirdControl {
  return {
    async command(text, {timeoutMs = defaultTimeoutMs} = {}) {
      const socket = createConnection(socketPath);
      const timer = setTimeout(() => socket.destroy(new Error(`no answer after ${timeoutMs} ms`)), timeoutMs);
      try {
        const replies = readReplies(socket);
        await replies.next();
        socket.write(`${text}\n`);
        const {value} = await replies.next();
        if (value === undefined) throw new Error('closed without an answer');
        return value;
      } catch (error) {
        throw controlError(`BIRD's control socket ${socketPath}: ${text}`, error);
      } finally {
        clearTimeout(timer);
        socket.destroy();
      }
    },
  };
}

async function* readReplies(socket: Socket): AsyncGenerator<BirdReply, undefined> {
  let lines: string[] = [];
  let rest = '';
  socket.setEncoding('utf8');
  for await (const chunk of socket) {
    const [first = '', ...others] = String(chunk).split('\n');
    const complete = [rest + first, ...others];
    rest = complete.pop() ?? '';
    for (const line of complete) {
      const [, code, mark, text] = /^(\d{4})([ -])(.*)$/.exec(line) ?? [];
      // Lines that begin with "+" are spontaneous messages, not part of the answer.
      if (!line.startsWith('+')) lines.push(text ?? line.replace(/^ /, ''));
      if (code === undefined || mark !== ' ') continue;
      yield {code, lines};
      lines = [];
    }
  }
  return undefined;
}

function controlError(what: string, error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ECONNREFUSED')
    return new BirdNotRunningError(`${what}: BIRD is not running`, {cause: error});
  return new BirdControlError(`${what}: ${error instanceof Error ? error.message : String(error)}`, {cause: error});
}
