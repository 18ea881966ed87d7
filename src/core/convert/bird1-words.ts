import type {Token} from '../bird-config/tokens.ts';
import type {Edit} from './bird-edits.ts';
import type {GlobalStatement, Note, Source} from './bird1-source.ts';

/** Changes of single words: names of the main table, of kinds of routes, and of what the file calls by a word that BIRD 2 keeps for itself. */
export function wordEdits({tokens, family}: Source, statements: readonly GlobalStatement[], note: Note): Edit[] {
  const renamed = takenNames(statements);
  return tokens.flatMap((token, index) => {
    const {text, start, end} = token;
    const previous = tokens[index - 1]?.text;
    if (text === 'master' && previous === 'table') return [{start, end, text: mainTable(family)}];
    if (token.kind === 'string' && previous !== undefined && ['=', '~', '!='].includes(previous) && tokens[index - 2]?.text === 'proto') {
      const name = renamed.get(text.slice(1, -1));
      return name === undefined ? [] : [{start, end, text: `"${name}"`}];
    }
    if (token.kind !== 'word') return [];
    const name = renamed.get(text);
    if (name !== undefined && isFirst(tokens, index)) note(start, `"${text}" is a word of BIRD 2's own: it is called ${name} now`);
    if (name !== undefined) return [{start, end, text: name}];
    if (goneDestinations.has(text)) {
      note(start, `${text} is RTD_UNICAST now, which means all routes with a next hop or a device`);
      return [{start, end, text: 'RTD_UNICAST'}];
    }
    const gone = goneWords[text];
    if (gone !== undefined && isFilterWord(tokens, index)) note(start, gone, 'lost');
    // The keyword of more than one next hop is gone; "via" is enough.
    if (text === 'multipath' && tokens[index + 1]?.text === 'via') return [{start, end: tokens[index + 1]?.start ?? end, text: ''}];
    return [];
  });
}

export function mainTable(family: Source['family']): string {
  return family === 'ipv4' ? 'master4' : 'master6';
}

const goneDestinations = new Set(['RTD_ROUTER', 'RTD_DEVICE', 'RTD_MULTIPATH']);

const goneWords: Readonly<Record<string, string | undefined>> = {
  cast: 'BIRD 2 has no attribute "cast", and refuses it: take the condition out',
  RTS_DUMMY: 'BIRD 2 has no RTS_DUMMY, and refuses it',
  quitbird: 'BIRD 2 has no "quitbird", and refuses it',
};

function isFilterWord(tokens: readonly Token[], index: number): boolean {
  return tokens[index]?.text !== 'cast' || /^(?:=|!=|~|!~)$/.test(tokens[index + 1]?.text ?? '');
}

function isFirst(tokens: readonly Token[], index: number): boolean {
  return tokens.findIndex(({text}) => text === tokens[index]?.text) === index;
}

/** Words of BIRD 2.0.12 that were free in BIRD 1.6.8, as far as somebody may have used them as names. */
const newKeywords = new Set(
  [
    'asn attribute autonomous babel bind by channels circuit code confederation config current data demand digits do domain dport dst dynamic',
    'ebgp enforce exit exp expire exported flags flow4 flow6 fragment free gc header high hostname ibgp icmp internal ipv6 key label lifetime',
    'linger managed mandatory master4 master6 maxlen medium member mpls mtu mult netlink ng offset onlink originate other perf permissive',
    'preferred pri private propagate public ra radv randomize range rd reachable repeat require retrans roa4 roa6 roles rpki rxcost sec sets',
    'settle skip solicited src ssh tcp threshold timer transport trie trigger unicast user v2 v3 valid validate vpn vpn4 vpn6 wired wireless',
  ].flatMap(line => line.split(' ')),
);

/** Old and new names of what the file defines under a word that is taken now. */
function takenNames(statements: readonly GlobalStatement[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const {tokens} of statements) {
    const words = tokens.slice(0, 4).map(({text}) => text);
    const [first, second, third] = words;
    const name = ['filter', 'function', 'define', 'table'].includes(first ?? '')
      ? second
      : ['protocol', 'template', 'roa'].includes(first ?? '')
        ? third
        : undefined;
    const isOwnWord = ['v2', 'v3', 'ng'].includes(name ?? '');
    if (name !== undefined && !isOwnWord && newKeywords.has(name)) names.set(name, `${name}_1`);
  }
  return names;
}

/** Says where the template goes through networks or groups of both families, of which a channel takes one. */
export function noteNetworks({text, tags, family}: Source, note: Note): void {
  for (const {start, end, kind} of tags) {
    if (kind === 'comment') continue;
    const tag = text.slice(start, end);
    const [, name] = /(?<![\w"'])(Networks|HostGroups|Blocks|Vips)(?!\w)/.exec(tag) ?? [];
    if (name === 'Networks') {
      note(start, `Networks became Networks${family === 'ipv4' ? 4 : 6}: a static protocol of BIRD 2 takes routes of one family`);
    } else if (name !== undefined && kind === 'open' && /^\{\{~?#\s*each\b/.test(tag)) {
      note(start, `${name} may hold both families, of which this static protocol takes ${family} alone: leave the others out`);
    }
  }
}
