import type {Edit} from './bird-edits.ts';
import {type BirdItem, OverlapError, parseItems, type Statement} from './bird-items.ts';
import {channelEdits} from './bird1-channel.ts';
import {commentedOut} from './bird1-globals.ts';
import {optionChange} from './bird1-options.ts';
import {type GlobalStatement, isChannel, type Note, type Source} from './bird1-source.ts';
import {mainTable} from './bird1-words.ts';

export interface ProtocolEdit {
  readonly edits: readonly Edit[];
  /** A static protocol, which has one family from now on. */
  readonly isNewStatic: boolean;
}

/** What changes in a protocol or template of protocols; undefined for other statements, and for what is BIRD 2 already. */
export function protocolEdit(source: Source, statement: GlobalStatement, inner: readonly Edit[], note: Note): ProtocolEdit | undefined {
  const {tokens, open, close} = statement;
  const [first, kind] = tokens;
  if (open === undefined || close === undefined || kind === undefined) return undefined;
  if (first?.text !== 'protocol' && first?.text !== 'template') return undefined;
  try {
    const items = parseItems(source.text, open.end, close.start, source.tokens, source.tags);
    if (statementsOf(items).some(item => isChannel(item.tokens))) return undefined;
    const header = tokens.slice(1, tokens.indexOf(open)).map(({text}) => text);
    return convert({source, header, items, inner, note, open, close, kindEnd: kind.end});
  } catch (error) {
    if (!(error instanceof OverlapError)) throw error;
    note(error.offset, `${error.message}: the protocol around it is left as it is`, 'lost');
    return undefined;
  }
}

interface Protocol {
  readonly source: Source;
  /** From the kind on: "bgp", "uplink", "from", "tor". */
  readonly header: readonly string[];
  readonly items: readonly BirdItem[];
  readonly inner: readonly Edit[];
  readonly note: Note;
  readonly open: {readonly start: number; readonly end: number};
  readonly close: {readonly start: number};
  readonly kindEnd: number;
}

function convert(protocol: Protocol): ProtocolEdit {
  const {source, header, items, inner, open, close} = protocol;
  const [kind = ''] = header;
  const {moved, edits} = optionEdits(protocol);
  const within = [...inner.filter(({start}) => !edits.some(edit => start >= edit.start && start < edit.end)), ...edits];
  if (kind === 'pipe') return {edits: [...edits, ...pipeTable(protocol)], isNewStatic: false};
  const isDerived = header.includes('from');
  const mayLack = isDerived || !channelKinds.has(kind) || kind === 'radv' || (source.isBird2 && !mustHaveChannel.has(kind));
  if (mayLack && moved.size === 0) return {edits, isNewStatic: false};
  const family = kind === 'radv' ? 'ipv6' : source.family;
  const defaults = kind === 'bgp' && !isDerived ? bgpDefaults(protocol) : [];
  const isMoved = (item: Statement) => moved.has(item);
  const channel = channelEdits({text: source.text, family, items, edits: within, isMoved, defaults, open, close});
  return {edits: [...variant(protocol), ...channel], isNewStatic: kind === 'static'};
}

const channelKinds = new Set(['static', 'kernel', 'direct', 'bgp', 'ospf', 'rip', 'babel', 'radv']);
/** The others have one by themselves, or may be meant to have none. */
const mustHaveChannel = new Set(['static', 'kernel']);

/** Which options go into the channel, and what is written in the place of options that have changed. */
function optionEdits({source, header: [kind = ''], items, note}: Protocol): {moved: Set<Statement>; edits: Edit[]} {
  const moved = new Set<Statement>();
  const edits: Edit[] = [];
  for (const statement of statementsOf(items)) {
    const [first] = statement.tokens;
    const last = statement.tokens.at(-1);
    if (first === undefined || last === undefined) continue;
    const change = optionChange(kind, statement.tokens, source);
    if (change.reason !== undefined) note(first.start, change.reason, change.level);
    if (change.place === 'gone') edits.push(commentedOut(source, first.start, last.end));
    if (change.text !== undefined) edits.push({start: first.start, end: last.end, text: change.text});
    if (change.place === 'channel') moved.add(statement);
  }
  return {moved, edits};
}

/** BIRD 2 has no main table that a pipe begins at by itself. */
function pipeTable({source, items, open}: Protocol): Edit[] {
  const statements = statementsOf(items);
  const hasPeer = statements.some(({tokens}) => tokens[0]?.text === 'peer');
  const hasTable = statements.some(({tokens}) => tokens[0]?.text === 'table');
  return hasTable || !hasPeer ? [] : [{start: open.end, end: open.end, text: ` table ${mainTable(source.family)};`}];
}

/** BIRD 1.6 imports everything and exports nothing where nothing is said; BIRD 2 wants that said between autonomous systems. */
function bgpDefaults({items, note, open}: Protocol): string[] {
  const isSaid = (word: string) =>
    statementsOf(items).some(({tokens: [first, second]}) => first?.text === word && second?.text !== 'limit' && second?.text !== 'keep');
  const defaults = [...(isSaid('import') ? [] : ['import all;']), ...(isSaid('export') ? [] : ['export none;'])];
  if (defaults.length > 0)
    note(open.start, `${defaults.join(' ')} was BIRD 1.6's default; BIRD 2 wants it to be said: is it what you want?`);
  return defaults;
}

/** `ospf` is v2 for IPv4 and v3 for IPv6, `rip` is ng for IPv6. */
function variant({source: {family}, header: [kind, next = ''], kindEnd}: Protocol): Edit[] {
  const wanted = kind === 'ospf' ? (family === 'ipv4' ? 'v2' : 'v3') : kind === 'rip' && family === 'ipv6' ? 'ng' : '';
  return wanted === '' || ['v2', 'v3', 'ng'].includes(next) ? [] : [{start: kindEnd, end: kindEnd, text: ` ${wanted}`}];
}

function statementsOf(items: readonly BirdItem[]): Statement[] {
  return items.flatMap(item => (item.kind === 'statement' ? [item] : item.branches.flatMap(branch => statementsOf(branch.items))));
}
