import {conditionText, defaultText, type Place, valueText} from './go-expressions.ts';
import {pathText} from './go-names.ts';
import {type GoValue, LostError, type PathValue} from './go-values.ts';

/** A tag's inside, or text that goes into the file as it is. */
export type OutputPart = {readonly tag: string} | {readonly text: string};

/** What `{{value}}` writes, as Handlebars' tags and text. Throws LostError. */
export function outputParts(value: GoValue, place: Place): OutputPart[] {
  if (value.kind === 'literal') return [{text: String(value.value)}];
  if (value.kind === 'path') return [{tag: pathOutput(value, place)}];
  const {name, args} = value;
  if (value.path.length === 0) {
    if (name === 'and' || name === 'or') return chosenParts(name, args, place);
    if (name === 'print') return printParts(args, place, false);
    if (name === 'println') return [...printParts(args, place, true), {text: '\n'}];
    if (name === 'printf') return printfParts(args, place);
  }
  return [{tag: valueText(value, place).replace(/^\((.*)\)$/s, '$1')}];
}

function pathOutput(value: PathValue, place: Place): string {
  const [, name = ''] = value.path;
  if (!value.isOptional) return pathText(value, place.scope, place.names);
  if (name === 'debug') return defaultText(value, place, 'false');
  place.note(`set publish.vars.${name}: it was a flag of the publisher`);
  return pathText(value, place.scope, place.names);
}

/** `or .A .B` writes the first that is true, `and` the first that is false; else the last. */
function chosenParts(name: string, args: readonly GoValue[], place: Place): OutputPart[] {
  const [first, ...others] = args;
  if (first === undefined) throw new LostError(`${name} needs a value`);
  const written = outputParts(first, place);
  if (others.length === 0) return written;
  const rest = chosenParts(name, others, place);
  const [then, otherwise] = name === 'or' ? [written, rest] : [rest, written];
  return [{tag: `#if ${conditionText(first, place)}`}, ...then, {tag: 'else'}, ...otherwise, {tag: '/if'}];
}

/** Go's print puts a space between two values where none of them is text; println always does. */
function printParts(args: readonly GoValue[], place: Place, isLine: boolean): OutputPart[] {
  return args.flatMap((argument, index) => {
    const before = args[index - 1];
    const isApart = before !== undefined && (isLine || (isNumeric(before) && isNumeric(argument)));
    return [...(isApart ? [{text: ' '}] : []), ...outputParts(argument, place)];
  });
}

function isNumeric(value: GoValue): boolean {
  return value.kind === 'literal' ? typeof value.value !== 'string' : value.kind === 'path' && value.path.at(-1) === 'LocalAS';
}

function printfParts([format, ...args]: readonly GoValue[], place: Place): OutputPart[] {
  if (format?.kind !== 'literal' || typeof format.value !== 'string') throw new LostError('printf needs its format as text in quotes');
  const left = [...args];
  const parts = format.value.split(/(%(?:[^a-zA-Z%]*[a-zA-Z%])?)/).flatMap((part): OutputPart[] => {
    if (!part.startsWith('%')) return part === '' ? [] : [{text: part}];
    if (part === '%%') return [{text: '%'}];
    const argument = left.shift();
    if (argument === undefined) throw new LostError(`printf has no value for ${part}`);
    if (part === '%q') return [{text: '"'}, ...outputParts(argument, place), {text: '"'}];
    if (!['%s', '%v', '%d', '%t'].includes(part)) throw new LostError(`there is no counterpart of ${part} in printf`);
    return outputParts(argument, place);
  });
  if (left.length > 0) throw new LostError('printf has more values than its format takes');
  return parts;
}
