import path from 'node:path';
import type {BirdFile} from '../../core/desired-bird-files.ts';
import {InputError} from '../../core/errors.ts';
import type {GuardFinding} from '../../core/publish-guards.ts';
import {excerptLines} from '../../core/source-excerpt.ts';

export interface Rejection {
  /** The operator's file: the template for files that we made, else the file that BIRD reads. */
  readonly file: string;
  /** The line in that file, from 1; undefined where BIRD names none. */
  readonly line: number | undefined;
  /** The column in `text`, from 1. */
  readonly column: number | undefined;
  readonly reason: string;
  /** The line as BIRD read it. */
  readonly text: string;
}

/** BIRD does not take the files. The last good ones stay live. */
export class BirdRejectedError extends InputError implements Rejection {
  readonly file: string;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly reason: string;
  readonly text: string;

  constructor({file, line, column, reason, text}: Rejection, cause?: unknown) {
    const place = line === undefined ? file : `${file}:${line}`;
    const excerpt = column === undefined ? [] : excerptLines({text, column});
    const message = [`BIRD refuses its configuration: ${reason} (${place})`, ...excerpt].join('\n');
    super('ERR_BIRD_REJECTED', message, cause === undefined ? {} : {cause});
    this.name = 'BirdRejectedError';
    this.file = file;
    this.line = line;
    this.column = column;
    this.reason = reason;
    this.text = text;
  }
}

/** BIRD would never read what is rendered. */
export class NotIncludedError extends InputError implements Rejection {
  readonly file: string;
  readonly line = undefined;
  readonly column = undefined;
  readonly reason: string;
  readonly text = '';

  constructor(file: string, what: string) {
    super('ERR_BIRD_INCLUDE', `${file} ${what}`);
    this.name = 'NotIncludedError';
    this.file = file;
    this.reason = `${path.basename(file)} ${what}`;
  }
}

/** A guard does not let the files pass (core/publish-guards.ts). */
export class GuardRefusedError extends InputError implements Rejection {
  readonly file: string;
  readonly line: number | undefined;
  readonly column: undefined;
  readonly reason: string;
  readonly text: string;
  readonly guard: string;

  constructor({guard, reason, file = '', line}: GuardFinding, files: readonly BirdFile[]) {
    const place = line === undefined ? {file, line, text: ''} : toTemplate({path: file, line, column: 1, reason}, files);
    const where = place.file === '' ? '' : ` (${place.file}${place.line === undefined ? '' : `:${place.line}`})`;
    super('ERR_GUARD', `guard "${guard}" refuses the configuration: ${reason}${where}`);
    this.name = 'GuardRefusedError';
    this.file = place.file;
    this.line = place.line;
    this.column = undefined;
    this.reason = reason;
    this.text = place.text;
    this.guard = guard;
  }
}

/** BIRD has taken the files, but what was up before did not come up again; the last good ones are back. */
export class BirdUnconfirmedError extends InputError implements Rejection {
  readonly file: string;
  readonly line = undefined;
  readonly column = undefined;
  readonly reason: string;
  readonly text = '';
  /** False when what was up did not come back with the old files either: then it is worth another try. */
  readonly isFinal: boolean;
  /** What was missing. */
  readonly missing: string;

  constructor(missing: string, file: string, isFinal: boolean) {
    const reason = isFinal
      ? `on trial, ${missing}; ${adviceOn(missing)}`
      : `on trial, ${missing}; the old configuration did not bring it back either, it is tried again in a while`;
    super('ERR_BIRD_UNCONFIRMED', `BIRD's new configuration was taken back: ${reason} (${file})`);
    this.name = 'BirdUnconfirmedError';
    this.isFinal = isFinal;
    this.missing = missing;
    this.file = file;
    this.reason = reason;
  }
}

function adviceOn(missing: string): string {
  return / is given /.test(missing)
    ? "look at that channel's export filter"
    : 'compare addresses, AS numbers and password with what the neighbour has';
}

/** True for what is wrong with a set, and stays wrong until it changes. */
export function isRejection(error: unknown): error is Error & Rejection {
  return error instanceof InputError && 'reason' in error && 'file' in error;
}

/** Finds in the files what BIRD complains about: "FILE:LINE:COLUMN reason", with `bird: ` before it when it comes from `bird -p`. */
export function explainRejection(message: string, files: readonly BirdFile[], birdConf: string): Rejection {
  const line =
    message
      .trim()
      .split('\n')
      .findLast(text => placePattern.test(text)) ?? message.trim();
  const groups = placePattern.exec(line)?.groups;
  if (groups === undefined) return {file: birdConf, line: undefined, column: undefined, reason: line.replace(/^bird: /, ''), text: ''};
  const {name = '', line: lineText = '', column = '', reason = ''} = groups;
  const place = {path: path.resolve(path.dirname(birdConf), name), line: Number(lineText), column: Number(column), reason};
  return toTemplate(openBlock(place, files, birdConf) ?? place, files);
}

const placePattern = /^(?:bird: )?(?<name>[^:]\S*?|.+?):(?<line>\d+):(?<column>\d+) (?<reason>.*)$/;

interface Place {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly reason: string;
}

function toTemplate({path: livePath, line, column, reason}: Place, files: readonly BirdFile[]): Rejection {
  const file = files.find(candidate => candidate.path === livePath);
  // What is no template may hold what is nobody's business, such as a password: its place must do.
  if (file === undefined || file.source === '') return {file: livePath, line, column, reason, text: ''};
  const text = file.text.split('\n')[line - 1]?.trimEnd() ?? '';
  return {file: file.source, line: file.lines?.()[line - 1] ?? line, column, reason, text};
}

/** A block left open in an included file goes unnoticed until BIRD is back in bird.conf, where it then complains: find the real place. */
function openBlock(place: Place, files: readonly BirdFile[], birdConf: string): Place | undefined {
  if (!place.reason.startsWith('syntax error') || place.path !== birdConf) return undefined;
  for (const {path: included, text} of files.filter(file => file.path !== birdConf)) {
    const open = firstOpenBrace(text);
    if (open !== undefined) return {path: included, ...open, reason: `${place.reason}: this block is never closed`};
  }
  return undefined;
}

function firstOpenBrace(text: string): {line: number; column: number} | undefined {
  const blank = (match: string) => match.replaceAll(/[^\n]/g, ' ');
  const code = text.replaceAll(/#.*|"[^"\n]*"|'[^'\n]*'|\/\*[\s\S]*?\*\//g, blank);
  const open: number[] = [];
  for (const {0: brace, index} of code.matchAll(/[{}]/g)) {
    if (brace === '{') open.push(index);
    else open.pop();
  }
  const [first] = open;
  if (first === undefined) return undefined;
  const before = code.slice(0, first).split('\n');
  return {line: before.length, column: (before.at(-1)?.length ?? 0) + 1};
}
