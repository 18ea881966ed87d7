import {contains, fromNumber, hostPrefix, overlaps, type Prefix, parseAddress, parsePrefix, toNumber} from '../../../src/core/prefix.ts';
import type {ClientOptions, Step} from './address-client.ts';
import {createTimeline, type Timeline} from './model.ts';
import {describe} from './system.ts';

/** What clients know of blackouts: each has some that nobody else has, some of which contain others. */
export interface BlackoutModel {
  readonly ranges: Map<Prefix, Timeline<'none' | 'there' | 'covered'>>;
  isBlackedOut(ip: string, from: number, to: number): boolean;
}

export function createBlackoutModel(): BlackoutModel {
  const ranges: BlackoutModel['ranges'] = new Map();
  return {
    ranges,
    isBlackedOut(ip, from, to) {
      const address = parseAddress(ip);
      return [...ranges].some(([range, state]) => contains(range, address) && !state.between(from, to).includes('none'));
    },
  };
}

export interface BlackoutClientOptions extends ClientOptions {
  readonly blackouts: BlackoutModel;
  readonly number: number;
}

/** A client that adds blackouts and takes them back, where addresses are given out as well. */
export function createBlackoutClient({system, model, random, blackouts, number}: BlackoutClientOptions): Step {
  const bases = [`10.1.0.${number * 32}`, `10.1.1.${number * 32}`, `10.0.0.${number * 32}`, `10.2.0.${number * 32}`];
  const small = (base: string) =>
    Array.from({length: 32}, (_, index) => hostPrefix(fromNumber(toNumber(parseAddress(base)) + BigInt(index), 'ipv4')));
  const own = bases.flatMap(base => [...[27, 28, 29, 30].map(length => parsePrefix(`${base}/${length}`)), ...small(base)]);
  for (const range of own) blackouts.ranges.set(range, createTimeline<'none' | 'there' | 'covered'>('none'));
  const stateOf = (range: Prefix) => blackouts.ranges.get(range) ?? createTimeline<'none' | 'there' | 'covered'>('none');
  const now = (range: Prefix) => stateOf(range).now();

  return async () => {
    const there = own.filter(range => now(range).includes('there'));
    if (there.length > 0 && random.number() < 0.5) await remove(there[random.between(0, there.length - 1)] ?? parsePrefix('10.1.0.0/32'));
    else
      await add(
        (random.number() < 0.5 ? nextAddress() : undefined) ?? own[random.between(0, own.length - 1)] ?? parsePrefix('10.1.0.0/32'),
      );
  };

  /** Where the next address would be given out, unless that is for the other client to black out. */
  function nextAddress(): Prefix | undefined {
    const last = [...model.holders.keys()].findLast(ip => !ip.includes(':'));
    if (last === undefined) return undefined;
    const value = toNumber(parseAddress(last)) + 1n;
    const range = hostPrefix(fromNumber(value, 'ipv4'));
    if (own.includes(range)) return range;
    if (blackouts.ranges.has(range) || value % 2n !== BigInt(number % 2)) return undefined;
    blackouts.ranges.set(range, createTimeline<'none' | 'there' | 'covered'>('none'));
    own.push(range);
    return range;
  }

  async function add(range: Prefix): Promise<void> {
    const isCertain = own.every(other => !overlaps(other, range) || now(other).length === 1);
    const inside = own.filter(other => contains(range, other));
    const isCovered = own.some(other => contains(other, range) && now(other)[0] === 'there');
    // Those inside are given up for the larger one.
    const touched = inside.map(other => ({other, before: now(other), after: other === range ? ('there' as const) : ('covered' as const)}));
    const start = system.tick();
    for (const {other, before, after} of touched) stateOf(other).set(start, [...new Set([...before, ...(isCovered ? [] : [after])])]);
    const outcome = await system.ask(random, 'POST', '/blackouts', {cidr: range});
    const {kind, status, to} = outcome;
    for (const {other, before, after} of touched) {
      const isUnknown = kind === 'unknown' || (kind === 'done' && !isCertain);
      stateOf(other).set(to, isUnknown ? ['none', 'there', 'covered'] : kind === 'done' && !isCovered ? [after] : before);
    }
    // In use, or in a network that is not there just now.
    if (kind === 'refused' && status !== 409) system.complain(describe('POST', '/blackouts', range, outcome));
  }

  async function remove(range: Prefix): Promise<void> {
    const touched = own.filter(other => contains(range, other));
    const before = touched.map(now);
    const start = system.tick();
    for (const [index, other] of touched.entries()) stateOf(other).set(start, [...new Set([...(before[index] ?? []), 'none' as const])]);
    const outcome = await system.ask(random, 'DELETE', `/blackouts?cidr=${encodeURIComponent(range)}`);
    const {kind, to} = outcome;
    for (const [index, other] of touched.entries()) {
      const old = before[index] ?? [];
      stateOf(other).set(to, kind === 'done' ? ['none'] : kind === 'unknown' ? ['none', 'there', 'covered'] : old);
    }
    const wasCertain = before[touched.indexOf(range)]?.length === 1;
    if (kind === 'refused' && wasCertain)
      system.complain(`a blackout that is there is not found: ${describe('DELETE', range, undefined, outcome)}`);
  }
}
