import type {Family} from '../core/prefix.ts';

export const backends = ['nft', 'legacy'] as const;
/** The two places in the kernel that iptables may keep rules in. Each has programs of its own, and packets pass both. */
export type Backend = (typeof backends)[number];

/** A chain of ours as it is there. */
export interface FoundChain {
  readonly backend: Backend;
  readonly family: Family;
  readonly table: string;
  readonly name: string;
  /** The mark of each of its rules; '' for a rule that somebody else has put there. */
  readonly marks: readonly string[];
  /** The rules in other chains with a mark of ours that lead to it, in their order. */
  readonly jumps: readonly FoundJump[];
}

export interface FoundJump {
  readonly chain: string;
  readonly mark: string;
  /** As iptables-save shows it, without its "-A". */
  readonly rule: string;
}

/** What the rules of one backend and family are, as far as it concerns us. */
export interface SavedRules {
  readonly own: readonly FoundChain[];
  /** How many rules, chains and policies others have there. */
  readonly foreign: number;
  /** The policy of FORWARD in the table filter; '' where there is none. */
  readonly forwardPolicy: string;
}

export const ownPrefix = 'ROMANA-';
const markPattern = / --comment "?romana:([0-9a-f]+)"?(?= |$)/;
const targetPattern = / -[jg] (\S+)/;

/** Parses the output of iptables-save. Of foreign rules nothing is looked at but whether they are there. */
export function parseSave(text: string, backend: Backend, family: Family): SavedRules {
  const own = new Map<string, {table: string; name: string; marks: string[]; jumps: FoundJump[]}>();
  let table = '';
  let foreign = 0;
  let forwardPolicy = '';
  const chainOf = (name: string) => {
    const key = `${table} ${name}`;
    const known = own.get(key) ?? {table, name, marks: [], jumps: []};
    own.set(key, known);
    return known;
  };
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1).trim();
    else if (line.startsWith(':')) {
      const [name = '', policy = ''] = line.slice(1).split(' ');
      if (name.startsWith(ownPrefix)) chainOf(name);
      else if (policy !== 'ACCEPT') foreign += 1;
      if (table === 'filter' && name === 'FORWARD') forwardPolicy = policy;
    } else if (line.startsWith('-A ')) {
      const rule = line.slice(3);
      const chain = rule.slice(0, rule.indexOf(' '));
      const mark = markPattern.exec(rule)?.[1] ?? '';
      const target = targetPattern.exec(rule)?.[1] ?? '';
      if (chain.startsWith(ownPrefix)) chainOf(chain).marks.push(mark);
      else if (mark !== '' && target.startsWith(ownPrefix)) chainOf(target).jumps.push({chain, mark, rule});
      else foreign += 1;
    }
  }
  return {own: [...own.values()].map(chain => ({backend, family, ...chain})), foreign, forwardPolicy};
}
