import type {BirdConfig, Option, ProtocolConfig} from './bird-config/model.ts';
import {effectiveValue} from './forecast-defaults.ts';
import {changedNames, namesIn} from './forecast-definitions.ts';
import {type Effect, effectOfChannelOption, effectOfOption, isAgreement} from './forecast-effects.ts';

/** What BIRD does with a protocol when it goes from one configuration to another. */
export interface ProtocolChange {
  readonly name: string;
  readonly kind: string;
  /** True for what talks to neighbours: a restart of it is seen outside. */
  readonly isSession: boolean;
  /** `reload`: routes are taken in or announced anew, nobody loses a session. `update`: it goes on as before. */
  readonly action: 'add' | 'remove' | 'restart' | 'reload' | 'update';
  /** In plain words, "hold time 240 → 9". */
  readonly reasons: readonly string[];
}

/**
 * Which protocols a change adds, removes, restarts, reloads or changes without harm, in the order of the new configuration; those that stay as
 * they are are left out. Measured against BIRD 2.0.12 (test/drivers/bird/forecast.test.ts); an option that is not known counts as a restart.
 */
export function forecast(before: BirdConfig, after: BirdConfig): ProtocolChange[] {
  const changed = changedNames(before, after);
  const routerId = globalRouterIdChange(before, after);
  const forProtocol = (next: ProtocolConfig): ProtocolChange[] => {
    const last = before.protocols.get(next.name);
    if (last === undefined) return [change(next, 'add', next.isDisabled ? ['new, but disabled'] : ['new'])];
    const differences = differencesOf(last, next, changed);
    if (routerId !== undefined && usesRouterId(next)) differences.push(routerId);
    return judge(last, next, differences);
  };
  const removed = [...before.protocols.values()].filter(({name}) => !after.protocols.has(name));
  return [...[...after.protocols.values()].flatMap(forProtocol), ...removed.map(last => change(last, 'remove', ['gone']))];
}

interface Difference {
  readonly effect: Effect;
  readonly reason: string;
}

const sessions = new Set(['bgp', 'ospf', 'rip', 'babel', 'bfd']);

function change({name, kind}: ProtocolConfig, action: ProtocolChange['action'], reasons: readonly string[]): ProtocolChange {
  return {name, kind, isSession: sessions.has(kind), action, reasons};
}

function judge(last: ProtocolConfig, next: ProtocolConfig, differences: readonly Difference[]): ProtocolChange[] {
  const reasons = differences.map(({reason}) => reason);
  if (last.isDisabled !== next.isDisabled)
    return [change(next, next.isDisabled ? 'remove' : 'add', [next.isDisabled ? 'disabled' : 'enabled'])];
  if (differences.length === 0) return [];
  const has = (effect: Effect) => differences.some(difference => difference.effect === effect);
  if (next.isDisabled) return [change(next, 'update', [...reasons, 'disabled before and after'])];
  const of = (effect: Effect) => differences.filter(difference => difference.effect === effect).map(({reason}) => reason);
  // An import filter that changes asks the neighbour for its routes again; one that cannot be asked is left for that.
  if (has('restart') || (has('import') && !canAskAgain(next)))
    return [
      change(next, 'restart', has('restart') ? of('restart') : [...of('import'), 'the neighbour cannot be asked for its routes again']),
    ];
  if (has('import') || has('export')) return [change(next, 'reload', [...of('import'), ...of('export')])];
  return [change(next, 'update', reasons)];
}

function canAskAgain({kind, options, channels}: ProtocolConfig): boolean {
  if (kind !== 'bgp' || !/^(?:off|no)$/.test(options.get('capabilities')?.text ?? '')) return true;
  return [...channels.values()].every(channel => channel.has('import table'));
}

function differencesOf(last: ProtocolConfig, next: ProtocolConfig, changed: ReadonlySet<string>): Difference[] {
  const differences: Difference[] = [];
  for (const what of ['kind', 'variant'] as const) {
    if (last[what] !== next[what])
      differences.push({effect: 'restart', reason: `${what} ${last[what] || 'none'} → ${next[what] || 'none'}`});
  }
  for (const {name, reason} of changesOf(last, next)) {
    const note = isAgreement(next.kind, name) ? `${reason}: the neighbour is lost unless it changes, too` : reason;
    differences.push(weigh(effectOfOption(next.kind, name, {isNew: !last.options.has(name)}), note));
  }
  return [...differences, ...channelDifferences(last, next, changed), ...routeDifferences(last, next)].filter(
    ({reason}) => !reason.startsWith('disabled '),
  );
}

function weigh(effect: Effect | undefined, reason: string): Difference {
  return effect === undefined ? {effect: 'restart', reason: `${reason}: what BIRD does then is not known`} : {effect, reason};
}

function channelDifferences(last: ProtocolConfig, next: ProtocolConfig, changed: ReadonlySet<string>): Difference[] {
  const differences: Difference[] = [];
  for (const name of new Set([...last.channels.keys(), ...next.channels.keys()])) {
    const [was, is] = [last.channels.get(name), next.channels.get(name)];
    const label = name === '' ? '' : `${name} `;
    if (name !== '' && (was === undefined || is === undefined)) {
      differences.push({effect: 'restart', reason: `channel ${name} ${was === undefined ? 'added' : 'removed'}`});
      continue;
    }
    for (const {name: option, reason} of changesOf(last, next, name)) {
      differences.push(weigh(effectOfChannelOption(next.kind, option), `${label}${reason}`));
    }
    for (const [option, {text}] of is ?? []) {
      const names = namesIn(text).filter(word => changed.has(word));
      if (was?.get(option)?.text === text && names.length > 0)
        differences.push(weigh(effectOfChannelOption(next.kind, option), `${label}${option}: ${names.join(', ')} changed`));
    }
  }
  return differences;
}

/** Options of the protocol, or of a channel of it, that differ, each in words. A block that comes or goes stands for all that is in it. */
function changesOf(last: ProtocolConfig, next: ProtocolConfig, channel?: string): Array<{name: string; reason: string}> {
  const isChannel = channel !== undefined;
  const optionsOf = (protocol: ProtocolConfig) =>
    (isChannel ? protocol.channels.get(channel) : protocol.options) ?? new Map<string, Option>();
  const [was, is] = [optionsOf(last), optionsOf(next)];
  const valueIn = (protocol: ProtocolConfig, name: string) =>
    effectiveValue(protocol, name, {text: optionsOf(protocol).get(name)?.text, isChannel});
  const isSame = (name: string) => was.get(name)?.text === is.get(name)?.text || valueIn(last, name) === valueIn(next, name);
  const names = [...new Set([...was.keys(), ...is.keys()])].filter(name => !isSame(name));
  const blocks = names.filter(name => was.has(name) !== is.has(name));
  const isInside = (name: string) => blocks.some(block => name.startsWith(`${block} `) && was.has(block) === was.has(name));
  return names.filter(name => !isInside(name)).map(name => ({name, reason: reasonOf(name, was.get(name)?.text, is.get(name)?.text)}));
}

function reasonOf(name: string, was: string | undefined, is: string | undefined): string {
  if (is === undefined) return `${name} removed`;
  // Secrets are not for reading, nor what may be one under a misspelt name.
  const isText = name !== 'description' && [was, is].some(value => value?.includes('"'));
  if (isText || /\bpasswords?$/.test(name)) return `${name} ${was === undefined ? 'added' : 'changed'}`;
  if (was === undefined) return is === '' ? `${name} added` : `${name} unset → ${is}`;
  return `${name} ${was || 'on'} → ${is || 'on'}`;
}

function routeDifferences(last: ProtocolConfig, next: ProtocolConfig): Difference[] {
  const targets = (protocol: ProtocolConfig) => new Map(protocol.routes.map(({prefix, target}) => [String(prefix), target]));
  const [was, is] = [targets(last), targets(next)];
  const added = [...is.keys()].filter(prefix => !was.has(prefix)).length;
  const removed = [...was.keys()].filter(prefix => !is.has(prefix)).length;
  const changed = [...is].filter(([prefix, target]) => was.has(prefix) && was.get(prefix) !== target).length;
  const parts = [
    [added, 'added'],
    [removed, 'removed'],
    [changed, 'changed'],
  ].flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
  return parts.length === 0 ? [] : [{effect: 'none', reason: `routes: ${parts.join(', ')}`}];
}

function globalRouterIdChange(before: BirdConfig, after: BirdConfig): Difference | undefined {
  const [was, is] = [before.globals.get('router id')?.text, after.globals.get('router id')?.text];
  return was === is ? undefined : {effect: 'restart', reason: reasonOf('global router id', was, is)};
}

function usesRouterId({kind, options}: ProtocolConfig): boolean {
  return (kind === 'bgp' || kind === 'ospf') && !options.has('router id');
}
