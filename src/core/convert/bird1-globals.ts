import {type Edit, edited} from './bird-edits.ts';
import type {GlobalStatement, Note, Source} from './bird1-source.ts';

/** What changes outside of protocols: tables have a type, ROA tables hold no routes by themselves, and BGP's port belongs to the protocols. */
export function globalEdits(source: Source, statements: readonly GlobalStatement[], inner: readonly Edit[], note: Note): Edit[] {
  return statements.flatMap(statement => {
    const {tokens} = statement;
    const [first, second] = tokens;
    if (first === undefined) return [];
    if (first.text === 'table') return [{start: first.start, end: first.start, text: `${source.family} `}];
    if (first.text === 'roa' && second?.text === 'table') return [roaTable(source, statement, inner)];
    if (first.text !== 'listen' || second?.text !== 'bgp') return [];
    note(first.start, 'BIRD 2 has no "listen bgp": give each protocol bgp its "local … port …" and "strict bind"', 'lost');
    return [commentedOut(source, first.start, tokens.at(-1)?.end ?? first.end)];
  });
}

/** What BIRD 2 does not take stays to be read, in a comment. */
export function commentedOut({text}: Source, start: number, end: number): Edit {
  const old = text.slice(start, end).replaceAll('/*', '').replaceAll('*/', '');
  return {start, end, text: `/* BIRD 1.6: ${old} */`};
}

/** `roa table r { roa … }` becomes a table and the static protocol that fills it. */
function roaTable({text, family}: Source, {tokens, open, close}: GlobalStatement, inner: readonly Edit[]): Edit {
  const [first, , name] = tokens;
  const kind = family === 'ipv4' ? 'roa4' : 'roa6';
  const table = name === undefined ? '' : edited(text, inner, name.start, name.end);
  const start = first?.start ?? 0;
  const end = tokens.at(-1)?.end ?? start;
  if (open === undefined || close === undefined) return {start, end: name?.start ?? end, text: `${kind} table `};
  const routes = tokens.filter(({text: word, start: at}) => word === 'roa' && at > open.start).map(word => ({...word, text: 'route'}));
  const body = edited(text, [...inner, ...routes], open.end, close.start);
  const isLines = body.startsWith('\n');
  return {
    start,
    end,
    text: `${kind} table ${table};${isLines ? '\n' : ' '}protocol static ${table}_routes {${isLines ? '\n ' : ''} ${kind} { table ${table}; };${body}}`,
  };
}
