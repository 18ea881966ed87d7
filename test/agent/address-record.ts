import {spawn} from 'node:child_process';
import {once} from 'node:events';
import type {ExecutionContext} from 'ava';
import {followKernel} from '../helpers/follow-kernel.ts';
import type {Namespace} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';

/** A time during which an address was there, in milliseconds since 1970; `to` is Infinity while it still is. */
export interface AddressSpan {
  readonly ip: string;
  readonly from: number;
  to: number;
}

/** When which address with our mark came and went in a namespace, as the kernel itself told. */
export interface AddressRecord {
  readonly spans: readonly AddressSpan[];
  spansOf(ip: string): readonly AddressSpan[];
}

/** Starts to record. */
export async function recordAddresses(t: ExecutionContext, namespace: Namespace): Promise<AddressRecord> {
  const spans: AddressSpan[] = [];
  let lines = 0;
  followKernel(t, namespace, 'address', (line, at) => {
    lines += 1;
    if (!/ metric 1144 /.test(line)) return;
    const ip = / inet6? ([^/]+)\//.exec(line)?.[1] ?? '';
    const open = spans.find(span => span.ip === ip && span.to === Infinity);
    if (!/Deleted /.test(line)) {
      if (open === undefined) spans.push({ip, from: at, to: Infinity});
    } else if (open !== undefined) open.to = at;
  });
  // A change of its own shows that it listens.
  const change = async (verb: string) => {
    const probe = spawn('ip', ['-n', namespace.name, 'address', verb, '127.9.9.9/32', 'dev', 'lo'], {stdio: 'ignore'});
    await once(probe, 'close');
  };
  await waitFor('the kernel is listened to', async () => {
    await change('add');
    await change('del');
    return lines > 0;
  });
  return {spans, spansOf: ip => spans.filter(span => span.ip === ip)};
}

/** The times at which two of the records had the same address, each in a sentence. */
export function overlaps(records: ReadonlyMap<string, AddressRecord>): string[] {
  const all = [...records].flatMap(([host, {spans}]) => spans.map(span => ({host, ...span}))).toSorted((a, b) => a.from - b.from);
  return all.flatMap((a, index) =>
    all
      .slice(index + 1)
      .filter(b => b.ip === a.ip && b.host !== a.host && b.from < a.to)
      .map(b => `${a.ip} was on ${a.host} until ${a.to} and on ${b.host} from ${b.from}: ${Math.round(Math.min(a.to, b.to) - b.from)} ms`),
  );
}
