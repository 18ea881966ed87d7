import path from 'node:path';
import {includedFiles, maxIncludeDepth} from './includes.ts';
import type {Place} from './model.ts';
import {createScanner, type Scanner, type Token} from './tokens.ts';

export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** The tokens of a file and of all that it includes, as BIRD reads them: one stream, in which an include may stand in the middle of a block. */
export interface Source {
  next(): Token | undefined;
  /** Passes over what a sticky pattern of one statement matches right here. Its `line` is where the match ends. */
  take(pattern: RegExp): {readonly match: RegExpExecArray; readonly line: number} | undefined;
  /** The file that the last token stood in. */
  readonly file: string;
  /** The file that is being read, and its reader, for one that knows a quicker way through it. */
  readonly top: {readonly file: SourceFile; readonly scanner: Scanner} | undefined;
}

export function createSource(files: readonly SourceFile[], main: string): Source {
  const texts = new Map(files.map(file => [path.normalize(file.path), file]));
  const open: Array<{readonly file: SourceFile; readonly scanner: Scanner; readonly depth: number}> = [];
  let included = 0;
  let current = main;

  const push = (name: string, depth: number) => {
    const file = texts.get(path.normalize(name));
    if (file !== undefined) open.push({file, scanner: createScanner(file.text), depth});
  };

  const include = (pattern: string, {file, depth}: {file: SourceFile; depth: number}) => {
    const found = includedFiles(pattern, {from: file.path, files: texts.keys()});
    included += found.length;
    if (depth >= maxIncludeDepth || included > maxIncludes) return;
    for (const name of found.toReversed()) push(name, depth + 1);
  };

  push(main, 0);
  return {
    get file() {
      return current;
    },
    next() {
      for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
        const token = top.scanner.next();
        current = top.file.path;
        if (token === undefined) {
          open.pop();
          continue;
        }
        const pattern = isInclude(token, top.file.text) ? top.scanner.take(includeTarget)?.match[1] : undefined;
        if (pattern === undefined) return token;
        include(pattern, top);
      }
      return undefined;
    },
    get top() {
      return open.at(-1);
    },
    take(pattern) {
      const top = open.at(-1);
      if (top !== undefined) current = top.file.path;
      return top?.scanner.take(pattern);
    },
  };
}

/** Files that include each other many times over would keep a reader busy for ever. */
const maxIncludes = 10_000;

const includeTarget = /[ \t]*"(.*)"[ \t]*;/y;

/** BIRD takes an include only at the start of a line. */
function isInclude({text, start, column}: Token, all: string): boolean {
  return text === 'include' && all.slice(start - column + 1, start).trim() === '';
}

export function placeOf({file}: Source, {line}: Token): Place {
  return {file, line};
}
