import type {BirdConfig, ProtocolConfig} from '../bird-config/model.ts';
import {channelEnds} from './announced-routes.ts';
import type {GuardFinding} from './finding.ts';
import type {GuardCase} from './input.ts';

/** A session with another AS takes or gives everything. */
export function openFilterGuard({announced, after, localAs, settings}: GuardCase): GuardFinding[] {
  if (settings.allowOpenFilters) return [];
  return announced.neighbours
    .filter(protocol => isExternal(protocol, localAs, after))
    .flatMap(protocol => (['import', 'export'] as const).flatMap(direction => openFilters(protocol, direction, after)));
}

const dangers = {
  import: 'this host takes whatever the neighbour sends, a default route and its own prefixes included',
  export: 'this host announces whatever BIRD knows, what it has learned from others included',
};

function openFilters(protocol: ProtocolConfig, direction: 'import' | 'export', config: BirdConfig): GuardFinding[] {
  return channelEnds(protocol, direction, config)
    .filter(({judge}) => !judge({}).mayReject)
    .map(({channel, isImplied, text, file, line}) => {
      const where = `${protocol.name}${channel === '' ? '' : `, channel ${channel}`}`;
      const what = isImplied ? `has no "${direction}", which is "${direction} ${text}"` : `has "${direction} ${text}"`;
      const reason =
        `protocol bgp ${where}, a session with another AS, ${what}: ${dangers[direction]}; ` +
        'name what may pass, or to silence this, set publish.guards.allowOpenFilters to true in romana.yaml';
      return {guard: 'open-filter', level: 'warn', reason, file, line};
    });
}

/** Whether a protocol speaks BGP with another AS than ours. Where an AS number is an expression, that is so unless both are the same. */
export function isExternal(protocol: ProtocolConfig, localAs: number, config: BirdConfig): boolean {
  if (protocol.kind !== 'bgp') return false;
  const neighbour = statements(protocol, 'neighbor');
  if (/\bexternal\b/.test(neighbour)) return true;
  const theirs = asNumber(neighbour, config);
  if (theirs === undefined || /\binternal\b/.test(neighbour)) return false;
  return theirs !== (asNumber(statements(protocol, 'local'), config) ?? String(localAs));
}

/** Every option of a protocol that begins with the word, as one text: the address and the AS may stand in one or in two. */
function statements({options}: ProtocolConfig, word: string): string {
  return [...options].flatMap(([name, {text}]) => (name.split(' ')[0] === word ? [`${name} ${text}`] : [])).join(' ');
}

function asNumber(text: string, config: BirdConfig): string | undefined {
  const [, value] = /\bas (\([^)]*\)|\S+)/.exec(text) ?? [];
  return value === undefined ? undefined : resolve(value, config);
}

const deepest = 8;

/** Puts in what a constant stands for, and takes away what is written around a number. */
function resolve(value: string, config: BirdConfig, depth = 0): string {
  const bare = value
    .replace(/^=\s*/, '')
    .replace(/^\(\s*([^()]*?)\s*\)$/, '$1')
    .replaceAll("'", '');
  const constant = config.globals.get(`define ${bare}`);
  return constant === undefined || depth === deepest ? bare : resolve(constant.text, config, depth + 1);
}
