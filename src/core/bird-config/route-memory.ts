import {firstIndex} from '../range-set.ts';
import type {StaticRoute} from './model.ts';
import type {Source} from './source.ts';

/**
 * The routes of the configuration before, by where they stand in its text. A host may have tens of thousands, of which one changes at a time: where
 * the text goes on as it did, so do its routes.
 */
export interface RouteMemory {
  /** A run of route lines begins here. Undefined where no file is open. */
  begin(source: Source): RouteRun | undefined;
}

export interface RouteRun {
  /** Passes over the text that is known from here on, and adds its routes. */
  takeKnown(routes: StaticRoute[]): void;
  /** Remembers the route that was read right before this place; undefined for a line of which there is none. */
  note(route: StaticRoute | undefined): void;
}

/** What is remembered of one run. The route at each index ends where `ends` says. */
interface KnownRun {
  readonly text: string;
  readonly start: number;
  readonly line: number;
  readonly routes: StaticRoute[];
  readonly ends: number[];
}

/** The runs of each file, in the order of its text. */
export type KnownRuns = ReadonlyMap<string, readonly KnownRun[]>;

export function createRouteMemory(before: KnownRuns = new Map()): RouteMemory & {readonly runs: KnownRuns} {
  const runs = new Map<string, KnownRun[]>();
  return {
    runs,
    begin({top}) {
      if (top === undefined) return undefined;
      const {file, scanner} = top;
      const {text} = file;
      const own = runs.get(file.path) ?? [];
      runs.set(file.path, own);
      const known = before.get(file.path)?.[own.length];
      const run: KnownRun = {text, start: scanner.offset, line: scanner.line, routes: [], ends: []};
      own.push(run);
      let next = 0;

      return {
        takeKnown(routes) {
          const found = known && findSame(known, next, text, scanner.offset);
          if (known === undefined || found === undefined) return;
          const {from, to} = found;
          const shift = scanner.offset - startOf(known, from);
          const lines = scanner.line - lineBefore(known, from);
          for (const route of known.routes.slice(from, to)) {
            const moved = lines === 0 ? route : {...route, line: route.line + lines};
            routes.push(moved);
            run.routes.push(moved);
          }
          for (const end of known.ends.slice(from, to)) run.ends.push(end + shift);
          scanner.skipTo(startOf(known, to) + shift, lineBefore(known, to) + lines);
          next = to;
        },
        note(route) {
          // A line of which there is none is remembered as a part of the next one's text.
          if (route === undefined) return;
          run.routes.push(route);
          run.ends.push(scanner.offset);
        },
      };
    },
  };
}

/** So many routes may have gone at once, for the next one to be found again. */
const mostGone = 16;

/** The known routes that stand here, from the next one on or a few later. */
function findSame(known: KnownRun, next: number, text: string, offset: number): {from: number; to: number} | undefined {
  const last = Math.min(next + mostGone, known.ends.length);
  for (let from = next; from < last; from += 1) {
    const start = startOf(known, from);
    if (!text.startsWith(known.text.slice(start, known.ends[from]), offset)) continue;
    const same = start + sameLength(known.text, start, text, offset);
    return {
      from,
      to: Math.max(
        from + 1,
        firstIndex(known.ends, end => end > same),
      ),
    };
  }
  return undefined;
}

function startOf({start, ends}: KnownRun, index: number): number {
  return ends[index - 1] ?? start;
}

/** The line in which the route before ends. */
function lineBefore({line, routes}: KnownRun, index: number): number {
  return routes[index - 1]?.line ?? line;
}

/** For how many characters two texts are the same from there on, or a few less. */
function sameLength(a: string, aFrom: number, b: string, bFrom: number): number {
  let length = 0;
  for (const step of [65_536, 4096, 256, 16]) {
    while (aFrom + length + step <= a.length && b.startsWith(a.slice(aFrom + length, aFrom + length + step), bFrom + length))
      length += step;
  }
  return length;
}
