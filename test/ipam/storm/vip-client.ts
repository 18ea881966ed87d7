import {fromNumber, parseAddress, toNumber} from '../../../src/core/prefix.ts';
import type {ClientOptions, Step} from './address-client.ts';
import {createTimeline, type Timeline} from './model.ts';
import {describe} from './system.ts';

/** What clients know of VIPs, by name. */
export type VipModel = Map<string, Timeline<'none' | 'there'>>;

export interface VipClientOptions extends ClientOptions {
  readonly known: VipModel;
  readonly number: number;
  readonly hosts: readonly string[];
}

/** A client that puts VIPs, with IPs that nobody else wants or that are given out at any moment, and removes them. */
export function createVipClient({system, model, random, id, known, number, hosts}: VipClientOptions): Step {
  const names = [1, 2, 3].map(index => `${id}/${index}`);
  for (const name of names) known.set(name, createTimeline<'none' | 'there'>('none'));

  return async () => {
    const index = random.between(0, names.length - 1);
    const name = names[index] ?? '';
    const state = known.get(name) ?? createTimeline<'none' | 'there'>('none');
    const before = state.now();
    const isRemoval = before.includes('there') && random.number() < 0.4;
    const wanted = random.number() < 0.7 ? nextAddress() : undefined;
    // Of those outside of all networks each VIP has some to itself.
    const body = {
      ip: wanted ?? `192.168.${200 + number}.${index * 16 + random.between(0, 15)}`,
      ...(random.number() < 0.3 && {hosts: hosts.slice(0, random.between(1, hosts.length))}),
    };
    const start = system.tick();
    state.set(start, [...new Set([...before, isRemoval ? ('none' as const) : ('there' as const)])]);
    const outcome = isRemoval
      ? await system.ask(random, 'DELETE', `/vips/${name}`)
      : await system.ask(random, 'PUT', `/vips/${name}`, body);
    const {kind, status, to} = outcome;
    if (kind === 'done') state.set(to, [isRemoval ? 'none' : 'there']);
    else if (kind === 'refused') state.set(to, before);
    const isFair = isRemoval ? before.includes('none') : status === 409 && wanted !== undefined;
    if (kind === 'refused' && !isFair)
      system.complain(`refused without need: ${describe(isRemoval ? 'DELETE' : 'PUT', '/vips', `${name} ${body.ip}`, outcome)}`);
  };

  /** Where the next address would be given out, or one that is in use. */
  function nextAddress(): string | undefined {
    const last = [...model.holders.keys()].findLast(ip => !ip.includes(':'));
    return last && fromNumber(toNumber(parseAddress(last)) + BigInt(random.between(0, 3)), 'ipv4');
  }
}
