import {execFile, spawn} from 'node:child_process';
import {readFile, rename, writeFile} from 'node:fs/promises';
import {createInterface} from 'node:readline';
import {promisify} from 'node:util';

import {firstAddress, fromNumber, type Prefix, parsePrefix, prefixAt, prefixLength, sizeOf, toNumber} from '../../src/core/prefix.ts';

// Runs inside the master's namespace, where the daemon is; watches the kernel of the ToR from there.

export interface PublishJob {
  readonly torNamespace: string;
  readonly host: string;
  readonly byHandFolder: string;
  /** The first prefix that is announced by hand; the next ones follow it. */
  readonly hand: string;
  readonly times: number;
}

/** Milliseconds of each change. */
export interface PublishSamples {
  readonly romana: readonly number[];
  readonly byHand: readonly number[];
}

const run = promisify(execFile);
const limitMs = 20_000;

async function main({torNamespace, host, byHandFolder, hand, times}: PublishJob): Promise<PublishSamples> {
  const monitor = spawn('ip', ['netns', 'exec', torNamespace, 'ip', '-o', 'monitor', 'route'], {stdio: ['ignore', 'pipe', 'inherit']});
  const seen = new Map<string, number>();
  let look = () => {};
  createInterface({input: monitor.stdout}).on('line', line => {
    const [, isDeleted, prefix = ''] = /^(Deleted )?(\d+\.\d+\.\d+\.\d+\/\d+) /.exec(line) ?? [];
    seen.set(`${isDeleted === undefined ? '+' : '-'}${prefix}`, performance.now());
    look();
  });
  const arrival = async (event: string): Promise<number> => {
    const limit = AbortSignal.timeout(limitMs);
    while (!seen.has(event)) {
      if (limit.aborted) throw new Error(`${event} has not come to ${torNamespace} within ${limitMs} ms`);
      await new Promise<void>(resolve => {
        look = resolve;
        setTimeout(resolve, 1000).unref();
      });
    }
    return seen.get(event) ?? 0;
  };

  const request = async (method: string, path: string, body?: object): Promise<unknown> => {
    const init = body === undefined ? {method} : {method, body: JSON.stringify(body), headers: {'Content-Type': 'application/json'}};
    const response = await fetch(`http://127.0.0.1:9600${path}`, init);
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  };

  // Each change is of a prefix that was never announced: OSPF holds back one that comes again within 5 s (MinLSInterval, RFC 2328 appendix B).
  const byRomana = async (index: number): Promise<number> => {
    // A tenant of its own, so that a block is claimed each time. The clock starts when the daemon says that it is done.
    await request('POST', '/address', {name: `${host}-${index}`, host, tenant: `${host}-${index}`});
    const start = performance.now();
    const {blocks} = (await request('GET', `/blocks?tenant=${host}-${index}`)) as {blocks: {cidr: string}[]};
    return (await arrival(`+${blocks[0]?.cidr}`)) - start;
  };

  const file = `${byHandFolder}/bird/conf.d/publisher.conf`;
  const before = await readFile(file, 'utf8');
  const configure = async (content: string) => {
    await writeFile(`${file}.new`, content);
    await rename(`${file}.new`, file);
    await run('birdc', ['-s', `${byHandFolder}/bird.ctl`, 'configure']);
  };
  let text = before;
  const byHand = async (index: number): Promise<number> => {
    const cidr = nthPrefix(parsePrefix(hand), index);
    text = text.replace(/(protocol static romana \{\n\s*ipv4;\n)/, `$1  route ${cidr} reject;\n`);
    const start = performance.now();
    await configure(text);
    return (await arrival(`+${cidr}`)) - start;
  };

  const samples = {romana: [] as number[], byHand: [] as number[]};
  try {
    // The first few warm up both sides.
    for (let index = -5; index < times; index++) {
      const [ours, theirs] = [await byRomana(index + 5), await byHand(index + 5)];
      if (index < 0) continue;
      samples.romana.push(ours);
      samples.byHand.push(theirs);
    }
  } finally {
    monitor.kill();
  }
  return samples;
}

function nthPrefix(first: Prefix, index: number): Prefix {
  const start = toNumber(firstAddress(first)) + BigInt(index) * sizeOf(first);
  return prefixAt(fromNumber(start, 'ipv4'), prefixLength(first));
}

process.stdout.write(JSON.stringify(await main(JSON.parse(process.argv[2] ?? '{}') as PublishJob)));
