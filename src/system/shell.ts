import {spawn} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {Socket} from 'node:net';
import {CommandFailedError, createRun, type Run} from './run.ts';

/**
 * Runs commands through one small shell that stays. To start a process, a program is copied first, and this one is large: that costs milliseconds, of
 * a shell a tenth of one. Commands run one after the other; those with input, and those that the shell cannot take, are run as usual.
 */
export function createShellRun(otherwise: Run = createRun()): Run {
  let shell: Shell | undefined;
  let last: Promise<unknown> = Promise.resolve();
  return (command, args, options = {}) => {
    if (options.input !== undefined || [command, ...args].some(word => /[\n\0]/.test(word))) return otherwise(command, args, options);
    const answer = last.then(() => {
      if (shell === undefined || shell.hasEnded()) shell = startShell();
      return shell.run([command, ...args], options.timeoutMs ?? defaultTimeoutMs);
    });
    last = answer.catch(() => undefined);
    return answer;
  };
}

const defaultTimeoutMs = 30_000;

interface Shell {
  hasEnded(): boolean;
  run(words: readonly string[], timeoutMs: number): Promise<string>;
}

function startShell(): Shell {
  // After each command a line on both outputs that no command can guess says that it has ended, and how.
  const mark = randomUUID();
  const script = `while IFS= read -r line; do eval "$line" </dev/null; code=$?; printf '\\n${mark} %s\\n' "$code"; printf '\\n${mark} \\n' >&2; done`;
  // A Ctrl-C on the terminal is for us to act on.
  const child = spawn('sh', ['-c', script], {stdio: 'pipe', detached: true, env: {...process.env, LC_ALL: 'C'}});
  const streams = [child.stdin, child.stdout, child.stderr].filter(stream => stream instanceof Socket);
  let isOver = false;
  let onEnd: (reason: string) => void = () => undefined;
  const end = (reason: string) => {
    isOver = true;
    onEnd(reason);
  };
  child.on('error', error => end(error.message));
  child.on('exit', () => end('the shell has ended'));
  child.stdin.on('error', () => undefined);
  const out = readAnswers(child.stdout, mark);
  const err = readAnswers(child.stderr, mark);
  // The shell ends with this program, and does not keep it from ending.
  child.unref();
  for (const stream of streams) stream.unref();

  return {
    hasEnded: () => isOver,
    async run(words, timeoutMs) {
      const {promise: broken, reject} = Promise.withResolvers<never>();
      const fail = (reason: string) =>
        reject(new CommandFailedError(words.join(' '), {stdout: '', stderr: '', exitCode: undefined, reason}));
      onEnd = fail;
      const timer = setTimeout(() => {
        // What it waits for ends, too: they are one process group.
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        isOver = true;
        fail(`no end after ${timeoutMs} ms`);
      }, timeoutMs);
      for (const stream of streams) stream.ref();
      try {
        const answers = Promise.all([out(), err()]);
        child.stdin.write(`${words.map(quote).join(' ')}\n`);
        const [{text: stdout, rest}, {text: stderr}] = await Promise.race([answers, broken]);
        const exitCode = Number(rest);
        if (exitCode === 0) return stdout;
        throw new CommandFailedError(words.join(' '), {stdout, stderr, exitCode, reason: `it ended with ${exitCode}`});
      } finally {
        clearTimeout(timer);
        onEnd = () => undefined;
        for (const stream of streams) stream.unref();
      }
    },
  };
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Reads what comes up to the mark, and what stands behind it in the same line. */
function readAnswers(stream: NodeJS.ReadableStream, mark: string): () => Promise<{text: string; rest: string}> {
  const end = `\n${mark} `;
  let chunks: string[] = [];
  let tail = '';
  let done: (answer: {text: string; rest: string}) => void = () => undefined;
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    chunks.push(chunk);
    // The end may be cut in two.
    tail = (tail + chunk).slice(-(end.length + 16));
    if (!tail.includes(end) || !tail.endsWith('\n')) return;
    const whole = chunks.join('');
    const at = whole.lastIndexOf(end);
    chunks = [];
    tail = '';
    done({text: whole.slice(0, at), rest: whole.slice(at + end.length).trim()});
  });
  return () => new Promise(resolve => (done = resolve));
}
