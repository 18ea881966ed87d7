import {readdirSync, readFileSync} from 'node:fs';
import {isBuiltin} from 'node:module';
import path from 'node:path';
import test from 'ava';

// The import rules of src/, executed. Whoever wants to break one changes its line here, and with it the sentence that says why.

interface Rule {
  /** Folders of src/ that may be imported. */
  readonly values: readonly string[];
  /** Folders of which only types may be imported: what they do is handed in. */
  readonly types: readonly string[];
  readonly why: string;
}

const rules: Readonly<Record<string, Rule>> = {
  core: {values: [], types: [], why: 'core holds the rules, and nothing else of ours may be needed to try them out'},
  system: {values: [], types: [], why: 'system only touches the machine, and knows nothing of Romana'},
  reconcile: {values: ['core'], types: [], why: 'the loop serves every driver and so knows none of them'},
  drivers: {
    values: ['reconcile', 'core'],
    types: ['system'],
    why: 'a driver is given its runner, files and clock, so that tests can let them fail',
  },
  store: {values: ['core'], types: ['system'], why: 'the store is given its clock and log'},
  config: {values: ['core'], types: ['system'], why: 'a configuration is judged from texts that are handed in'},
  rest: {values: ['core'], types: ['system'], why: 'the REST server knows routes, not what they are about'},
  ipam: {values: ['core', 'rest', 'store'], types: ['system'], why: 'the address daemon is rules, routes and transactions'},
  agent: {
    values: ['core', 'reconcile', 'rest'],
    types: ['store', 'drivers', 'system'],
    why: 'the agent is given its steps, tables and clock; it only says when and reports how it went',
  },
  cli: {
    values: ['core', 'lab'],
    types: ['agent', 'system'],
    why: 'the command line asks daemon and agent over their sockets, like anybody else',
  },
  lab: {values: ['core'], types: ['system'], why: 'the lab runs the programs as an operator does, and is given its runner and clock'},
  bin: {
    values: ['core', 'system', 'reconcile', 'drivers', 'store', 'config', 'rest', 'ipam', 'agent', 'cli', 'lab'],
    types: [],
    why: 'bin builds the programs out of all parts',
  },
};

/** Single imports that a rule would refuse. */
const exceptions: ReadonlyMap<string, string> = new Map([
  ['store/embedded-etcd.ts system/files.ts', 'it runs a process on a directory of its own, which is nothing but files'],
]);

/** Modules of Node that only compute. */
const pureBuiltins = ['node:path', 'node:util', 'node:url', 'node:assert', 'node:buffer'];

interface Import {
  readonly specifier: string;
  readonly isType: boolean;
}

/** Every import, re-export, side-effect import, import() and require() of a source text. */
function importsOf(source: string): Import[] {
  const text = source.replaceAll(/^\s*(\/\/|\/?\*).*$/gm, '');
  const withFrom = [...text.matchAll(/^\s*(?:import|export)\s+(type\s+)?([^;'"]*?)\s*\bfrom\s*['"]([^'"]+)['"]/gm)].map(
    ([, type, clause = '', specifier = '']) => ({specifier, isType: type !== undefined || hasOnlyTypes(clause)}),
  );
  const others = [...text.matchAll(/(?:^\s*import\s*|\bimport\s*\(\s*|\brequire\s*\(\s*)['"`]([^'"`]+)['"`]/gm)].map(
    ([, specifier = '']) => ({specifier, isType: false}),
  );
  return [...withFrom, ...others];
}

function hasOnlyTypes(clause: string): boolean {
  const names = /^\{([^}]*)\}$/
    .exec(clause.trim())?.[1]
    ?.split(',')
    .map(name => name.trim())
    .filter(Boolean);
  return names !== undefined && names.length > 0 && names.every(name => name.startsWith('type '));
}

/** What is wrong with the imports of a file, each in a sentence. */
function violations(file: string, source: string): string[] {
  const folder = file.split('/')[0] ?? '';
  const rule = rules[folder];
  if (rule === undefined) return [`src/${folder} has no import rule: give it one in test/architecture.test.ts`];
  return importsOf(source).flatMap(({specifier, isType}) => {
    if (!specifier.startsWith('.')) {
      const isRefused = folder === 'core' && !isType && isBuiltin(specifier) && !pureBuiltins.includes(specifier);
      return isRefused ? [`src/${file} must not import ${specifier}: core is pure, what does I/O is handed in`] : [];
    }
    const target = path.posix.join(path.posix.dirname(file), specifier);
    const other = target.split('/')[0] ?? '';
    const isAllowed = other === folder || rule.values.includes(other) || (isType && rule.types.includes(other));
    if (isAllowed || exceptions.has(`${file} ${target}`) || target === '../package.json') return [];
    const only = rule.types.includes(other) ? ' but for its types' : '';
    return [`src/${file} must not import src/${target}${only}: ${rule.why}`];
  });
}

const sources = readdirSync('src', {recursive: true, encoding: 'utf8'})
  .filter(file => file.endsWith('.ts'))
  .map(file => file.replaceAll(path.sep, '/'))
  .toSorted();
const textOf = (file: string) => readFileSync(path.join('src', file), 'utf8');

for (const folder of new Set(sources.map(file => file.split('/')[0] ?? ''))) {
  test(`src/${folder} imports only what it may`, t => {
    t.deepEqual(
      sources.filter(file => file.startsWith(`${folder}/`)).flatMap(file => violations(file, textOf(file))),
      [],
    );
  });
}

test('every exception is still needed', t => {
  for (const exception of exceptions.keys()) {
    const [file = '', target = ''] = exception.split(' ');
    const targets = importsOf(textOf(file)).map(({specifier}) => path.posix.join(path.posix.dirname(file), specifier));
    t.true(targets.includes(target), exception);
  }
});

const forbidden: ReadonlyArray<readonly [what: string, file: string, source: string]> = [
  ['a value', 'core/x.ts', "import {a} from '../system/run.ts';"],
  ['a type into core', 'core/x.ts', "import type {A} from '../store/store.ts';"],
  ['a value of a folder whose types alone are allowed', 'drivers/x.ts', "import {type A, b} from '../system/run.ts';"],
  ['from a folder below', 'drivers/bird/x.ts', "import {a} from '../../system/run.ts';"],
  ['over several lines', 'core/x.ts', "import {\n  a,\n  type B,\n} from '../system/run.ts';"],
  ['a re-export', 'core/x.ts', "export {a} from '../system/run.ts';"],
  ['a re-export of all', 'core/x.ts', "export * from '../system/run.ts';"],
  ['a re-exported type', 'system/x.ts', "export type {A} from '../core/errors.ts';"],
  ['import()', 'core/x.ts', "const a = await import('../system/run.ts');"],
  ['import() over several lines', 'core/x.ts', "const a = await import(\n  '../system/run.ts'\n);"],
  ['import for its side effect', 'core/x.ts', "import '../system/run.ts';"],
  ['I/O of Node in core', 'core/x.ts', "import {readFile} from 'node:fs/promises';"],
  ['I/O of Node in core without its scheme', 'core/x.ts', "import fs from 'fs';"],
  ['a namespace', 'cli/x.ts', "import * as all from '../agent/status.ts';"],
];

for (const [what, file, source] of forbidden) {
  test(`an import that is not allowed is found: ${what}`, t => {
    const found = violations(file, source);
    t.is(found.length, 1);
    t.regex(found[0] ?? '', /^src\/\S+ must not import \S+.*: \w/);
  });
}

test('an import that is allowed is not reported', t => {
  const allowed = [
    ['drivers/x.ts', "import type {Run} from '../system/run.ts';"],
    ['drivers/x.ts', "import {type Run, type RunOptions} from '../system/run.ts';"],
    ['core/x.ts', "import path from 'node:path';\nimport {z} from 'zod';\nimport {a} from './y.ts';"],
    ['core/x.ts', "// import {a} from '../system/run.ts';"],
    ['bin/x.ts', "const a = await import('../ipam/routes.ts');"],
  ] as const;
  for (const [file, source] of allowed) t.deepEqual(violations(file, source), []);
});

test('no file of src has more than 300 lines', t => {
  t.deepEqual(
    sources.filter(file => textOf(file).split('\n').length > 301),
    [],
  );
});

test('no source escapes the types, and none puts work off', t => {
  t.deepEqual(
    sources.flatMap(
      file =>
        textOf(file)
          .match(/.*(\bas any\b|<any>|@ts-ignore|@ts-nocheck|\bTODO\b|\bFIXME\b).*/g)
          ?.map(line => `${file}: ${line}`) ?? [],
    ),
    [],
  );
});

/** Every file of src that a file needs at start-up, and every package. */
function reachable(start: string, seen = new Set<string>()): Set<string> {
  if (seen.has(start)) return seen;
  seen.add(start);
  if (!start.endsWith('.ts')) return seen;
  const text = textOf(start).replaceAll(/import\(/g, 'later(');
  for (const {specifier, isType} of importsOf(text)) {
    if (isType) continue;
    reachable(specifier.startsWith('.') ? path.posix.join(path.posix.dirname(start), specifier) : specifier, seen);
  }
  return seen;
}

test('the nouns start without etcd, fastify and the metrics', t => {
  const nouns = ['host', 'network', 'block', 'address', 'blackout', 'tenant', 'segment', 'explain', 'topology', 'template', 'endpoint'].map(
    noun => `cli/${noun}.ts`,
  );
  const starts = ['bin/romana.ts', 'bin/cli-parts.ts', 'bin/template.ts', 'bin/endpoint.ts', ...nouns];
  const needed = new Set(starts.flatMap(start => [...reachable(start)]));
  t.true(needed.has('commander'));
  t.deepEqual(
    ['etcd3', 'fastify', 'prom-client', 'chokidar', 'pino'].filter(name => needed.has(name)),
    [],
  );
});
