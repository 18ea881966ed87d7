import {FILE_HEADERS_ONLY, formatPatch, type StructuredPatch, type StructuredPatchHunk, structuredPatch} from 'diff';
import {type BirdFile, headerStart} from '../core/desired-bird-files.ts';

/** Where a file comes from, for the head of its diff: "live", "from /etc/romana/bird/publisher.conf". */
export type Origin = (file: BirdFile) => string;

/** The unified diff of two sets of BIRD's files, by path; '' where they say the same. Another template's name in the header line is no difference. */
export function diffFiles(before: readonly BirdFile[], after: readonly BirdFile[], originBefore: Origin, originAfter: Origin): string {
  const paths = new Set([...before, ...after].map(file => file.path));
  const patches = [...paths].map(path => {
    const old = before.find(file => file.path === path);
    const fresh = after.find(file => file.path === path);
    const [oldText, freshText] = [old?.text ?? '', underHeaderOf(old?.text, fresh?.text ?? '')];
    const names = {oldFileName: old ? path : missing, newFileName: fresh ? path : missing};
    const headers = {oldHeader: old && originBefore(old), newHeader: fresh && originAfter(fresh)};
    return {...names, ...headers, hunks: oldText === freshText ? [] : hunksOf(oldText, freshText)};
  });
  return patches
    .filter(({hunks}) => hunks.length > 0)
    .map(formatOne)
    .join('');
}

const missing = '/dev/null';
const context = 3;

// The work grows with the square of the number of changes: two lists of prefixes without anything in common are not worth minutes.
const maxEditLength = 4000;

function formatOne(patch: StructuredPatch): string {
  return formatPatch(patch, FILE_HEADERS_ONLY);
}

/** The old header line, so that the diff fits the file that is there. */
function underHeaderOf(old: string | undefined, fresh: string): string {
  if (old === undefined || !old.startsWith(headerStart) || !fresh.startsWith(headerStart)) return fresh;
  return firstLine(old) + fresh.slice(firstLine(fresh).length);
}

function firstLine(text: string): string {
  const end = text.indexOf('\n');
  return end === -1 ? text : text.slice(0, end + 1);
}

function hunksOf(before: string, after: string): StructuredPatchHunk[] {
  return structuredPatch('', '', before, after, undefined, undefined, {context, maxEditLength})?.hunks ?? [wholeHunk(before, after)];
}

/** One hunk from the first line that differs to the last. */
function wholeHunk(before: string, after: string): StructuredPatchHunk {
  const old = linesOf(before);
  const fresh = linesOf(after);
  const shorter = Math.min(old.length, fresh.length);
  let head = 0;
  while (head < shorter && old[head] === fresh[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && old.at(-1 - tail) === fresh.at(-1 - tail)) tail += 1;
  const start = Math.max(0, head - context);
  const end = Math.max(0, tail - context);
  return {
    oldStart: start + 1,
    oldLines: old.length - end - start,
    newStart: start + 1,
    newLines: fresh.length - end - start,
    lines: [
      ...marked(' ', old.slice(start, head)),
      ...marked('-', old.slice(head, old.length - tail)),
      ...marked('+', fresh.slice(head, fresh.length - tail)),
      ...marked(' ', old.slice(old.length - tail, old.length - end)),
    ],
  };
}

/** Each with its line end, which the last may lack. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function marked(sign: ' ' | '-' | '+', lines: readonly string[]): string[] {
  return lines.flatMap(line => (line.endsWith('\n') ? [sign + line.slice(0, -1)] : [sign + line, '\\ No newline at end of file']));
}
