import type {Token} from '../bird-config/tokens.ts';
import type {Source} from './bird1-source.ts';

/** What becomes of a protocol's option. */
export interface OptionChange {
  /** `gone`: BIRD 2 does not have it. */
  readonly place: 'protocol' | 'channel' | 'gone';
  /** What is written instead. */
  readonly text?: string;
  readonly reason?: string;
  readonly level?: 'note' | 'lost';
}

/** Where BIRD 2 wants an option of BIRD 1.6, by the kind of protocol and the words that the option begins with. */
export function optionChange(kind: string, tokens: readonly Token[], {family}: Pick<Source, 'family'>): OptionChange {
  const words = tokens.map(({text}) => text);
  const [first = '', second = '', third = ''] = words;
  const two = `${first} ${second}`;
  const isCommon = commonOptions.has(first) || two === 'receive limit' || two === 'route limit';
  if (withoutChannel.has(kind)) return isCommon ? gone(`BIRD 2's ${kind} has no ${first}`, 'note') : own(kind, words, tokens);
  if (kind === 'pipe') return pipeOption(first, second);
  if (two === 'route limit') {
    return {
      place: 'channel',
      text: `import limit ${words.slice(2, -1).join(' ')} action restart;`,
      reason: '"route limit" is "import limit … action restart"',
    };
  }
  if (isCommon) return {place: 'channel'};
  if (kind !== 'bgp') return own(kind, words, tokens);
  if (two === 'missing lladdr') return gone('BIRD 2 needs no "missing lladdr"', 'note');
  if (first === 'advertise' && second === 'ipv4') return gone(`"advertise ipv4" is what the channels say: this one has ${family}`, 'note');
  return bgpChannelOptions.has(first) || bgpChannelOptions.has(two) || (first === 'igp' && third !== '' && second === 'table')
    ? {place: 'channel'}
    : {place: 'protocol'};
}

const commonOptions = new Set(['import', 'export', 'preference', 'table']);
const withoutChannel = new Set(['device', 'bfd']);
const bgpChannelOptions = new Set(['gateway', 'secondary', 'next hop', 'add paths', 'igp table']);

function own(kind: string, words: readonly string[], tokens: readonly Token[]): OptionChange {
  const [first = '', second = '', third = ''] = words;
  if (kind === 'kernel' && first === 'device' && second === 'routes') {
    return gone(
      'BIRD 2 has no "device routes": see to it that the export filter says which routes of protocol direct it lets through',
      'lost',
    );
  }
  if (kind !== 'device' || first !== 'primary') return {place: 'protocol'};
  if (tokens[1]?.kind === 'string' && tokens[2]?.kind === 'address') {
    return {place: 'protocol', text: `interface ${second} { preferred ${third}; };`};
  }
  return gone('BIRD 2 has no "primary" for a prefix: write interface "name" { preferred ADDRESS; }', 'lost');
}

function pipeOption(first: string, second: string): OptionChange {
  if (first !== 'mode') return {place: 'protocol'};
  return second === 'opaque'
    ? gone('BIRD 2 has no opaque pipes: routes go through with all their attributes', 'lost')
    : gone('every pipe of BIRD 2 is transparent', 'note');
}

function gone(reason: string, level: 'note' | 'lost'): OptionChange {
  return {place: 'gone', reason, level};
}
