import {z} from 'zod';
import {InputError} from './errors.ts';

/** The document as posted, its shape checked and its values not. Throws InputError ERR_MALFORMED with one problem a line. */
export function parseTopologyShape(document: unknown): TopologyShape {
  if (!isShallow(document)) throw new InputError('ERR_MALFORMED', `topology document nests deeper than ${maxDepth} levels`);
  const result = TopologyShape.safeParse(document);
  if (!result.success) throw new InputError('ERR_MALFORMED', listProblems(result.error.issues.flatMap(describe)));
  return result.data;
}

/** Problems as one text, one a line; a long list is cut. */
export function listProblems(problems: readonly string[]): string {
  const shown = problems.slice(0, maxProblems);
  const rest = problems.length - shown.length;
  return [...shown, ...(rest > 0 ? [`… and ${rest} more`] : [])].join('\n');
}

const maxDepth = 64;
const maxProblems = 20;

const Labels = z.record(z.string(), z.string());
// What GET /topology adds, and nobody needs to take out before posting the document back.
const ignored = z.unknown().optional();

/** A group or a host: one is told from the other by the list that it stands in. */
export type EntryShape = z.infer<typeof EntryShape>;
const EntryShape = z
  .strictObject({
    name: z.string().nullish(),
    ip: z.string().nullish(),
    cidr: ignored,
    assignment: Labels.nullish(),
    routing: z.string().nullish(),
    get groups() {
      return z.array(EntryShape).nullish();
    },
    get hosts() {
      return z.array(EntryShape).nullish();
    },
  })
  .meta({id: 'TopologyEntry', description: 'A group, or a host: entries with an IP are hosts, and stand in a list of their own.'});

export type NetworkShape = z.infer<typeof NetworkShape>;
const NetworkShape = z.strictObject({
  name: z.string(),
  cidr: z.string(),
  block_mask: z.int().nullish(),
  tenants: z.array(z.string()).nullish(),
  revision: ignored,
});

export type TopologyShape = z.infer<typeof TopologyShape>;
export const TopologyShape = z
  .strictObject({
    networks: z.array(NetworkShape),
    topologies: z.array(z.strictObject({networks: z.array(z.string()), map: z.array(EntryShape)})),
    revision: ignored,
  })
  .meta({id: 'TopologyDocument'});

// Level by level and not by recursion: a hostile body may nest deeper than the stack.
function isShallow(document: unknown): boolean {
  let level: unknown[] = [document];
  for (let depth = 0; depth <= maxDepth; depth++) {
    level = level.flatMap(value => (typeof value === 'object' && value !== null ? Object.values(value) : []));
    if (level.length === 0) return true;
  }
  return false;
}

function describe(issue: z.core.$ZodIssue): string[] {
  const place = placeOf(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => `unknown field ${JSON.stringify(key)} in ${place === '' ? 'the topology document' : place}`);
  }
  if (issue.message.endsWith('received undefined')) return [`${place === '' ? 'topology document' : place} is required`];
  return [`${place === '' ? 'topology document' : place}: ${issue.message.replace(/^Invalid input: /, '')}`];
}

function placeOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((place, key) => {
    if (typeof key === 'number') return `${place}[${key}]`;
    return place === '' ? String(key) : `${place}.${String(key)}`;
  }, '');
}
