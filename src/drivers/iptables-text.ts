import {createHash} from 'node:crypto';
import type {Chain} from '../core/desired-chains.ts';
import type {FoundChain} from './iptables-save.ts';

/** Everything of one table that one transaction changes, as lines for iptables-restore --noflush. */
export interface TableChange {
  readonly table: string;
  /** Chains that are made, or emptied where they are there. */
  readonly chains: readonly string[];
  readonly lines: readonly string[];
  /** Chains that are removed, once nothing leads to them any more. */
  readonly removed: readonly string[];
}

/** What tells whether a chain is as wanted: the marks of its rules, and the rules that lead to it. */
export function lookOf({marks, jumps}: Pick<FoundChain, 'marks' | 'jumps'>): string {
  return `${marks.join(' ')} | ${jumps.map(({chain, mark}) => `${chain} ${mark}`).join(', ')}`;
}

/** The look of a chain as it is wanted. */
export function wantedLook(chain: Chain): string {
  const {name, rules, from} = chain;
  const jumps = from === undefined ? [] : [{chain: from.chain, mark: jumpMark(chain), rule: ''}];
  return lookOf({marks: rules.map(rule => markOf(`${name} ${rule}`)), jumps});
}

/** What makes a chain as wanted out of what was found of it: nothing of what is right already is touched. */
export function changeOf(chain: Chain, found: Pick<FoundChain, 'marks' | 'jumps'> | undefined): TableChange {
  const {table, name, rules, from} = chain;
  const marks = rules.map(rule => markOf(`${name} ${rule}`));
  const hasRules = found !== undefined && found.marks.join() === marks.join();
  const jump = from && {...from, mark: jumpMark(chain)};
  const jumps = found?.jumps ?? [];
  const kept = jumps.find(each => each.chain === jump?.chain && each.mark === jump.mark);
  return {
    table,
    chains: hasRules ? [] : [name],
    lines: [
      ...jumps.filter(each => each !== kept).map(({rule}) => `-D ${rule}`),
      ...(hasRules ? [] : rules.map((rule, index) => `-A ${name} ${comment(marks[index] ?? '')} ${rule}`)),
      ...(jump === undefined || kept !== undefined
        ? []
        : [`${jump.place === 'first' ? `-I ${jump.chain} 1` : `-A ${jump.chain}`} ${comment(jump.mark)} -j ${name}`]),
    ],
    removed: [],
  };
}

/** What removes a chain, and the rules of ours that lead to it. */
export function removalOf({table, name, jumps}: Pick<FoundChain, 'table' | 'name' | 'jumps'>): TableChange {
  return {table, chains: [name], lines: jumps.map(({rule}) => `-D ${rule}`), removed: [name]};
}

/** The input of one iptables-restore: all changes of a table become true at once. */
export function renderChanges(changes: readonly TableChange[]): string {
  const tables = [...new Set(changes.map(({table}) => table))];
  return tables
    .flatMap(table => {
      const own = changes.filter(change => change.table === table);
      return [
        `*${table}`,
        ...own.flatMap(({chains}) => chains.map(name => `:${name} - [0:0]`)),
        ...own.flatMap(({lines}) => lines),
        ...own.flatMap(({removed}) => removed.map(name => `-X ${name}`)),
        'COMMIT',
      ];
    })
    .map(line => `${line}\n`)
    .join('');
}

function jumpMark({name, from}: Chain): string {
  return markOf(`${from?.chain} ${from?.place} ${name}`);
}

function markOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

function comment(mark: string): string {
  return `-m comment --comment romana:${mark}`;
}
