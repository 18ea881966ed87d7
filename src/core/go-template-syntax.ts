import {findTags, type Tag} from './template-tags.ts';

/** A tag in the syntax of Go's text/template, and what to write instead. */
export interface GoTag extends Tag {
  readonly handlebars: string;
}

/** The first tag that is Go's and not Handlebars', or undefined. `{{else}}` is the same in both. */
export function findGoSyntax(text: string): GoTag | undefined {
  const open: string[] = [];
  for (const tag of findTags(text)) {
    const handlebars = handlebarsForm(tag.inner, open.at(-1));
    if (handlebars !== undefined) return {...tag, handlebars};
    const [, opened] = /^#(\w+)/.exec(tag.inner) ?? [];
    if (opened !== undefined) open.push(opened);
    if (tag.inner.startsWith('/')) open.pop();
  }
  return undefined;
}

const goWords = /^(?:template|define|block|break|continue|len|index|printf|print|println)\s+["$.(]/;

function handlebarsForm(inner: string, open = 'each'): string | undefined {
  const [, variables, list = ''] = /^range\s+(?:(\$\w+(?:\s*,\s*\$\w+)?)\s*:=\s*)?(.+)$/.exec(inner) ?? [];
  if (list !== '') return `{{#each ${value(list)}${rangeNames(variables)}}} … {{/each}}`;
  const [, word = '', condition = ''] = /^(if|with|else if)\s+(.+)$/.exec(inner) ?? [];
  if (word === 'else if') return /(?:^|[\s(])[.$]/.test(condition) ? `{{else if ${value(condition)}}}` : undefined;
  if (word !== '') return `{{#${word} ${value(condition)}}} … {{/${word}}}`;
  if (inner === 'end') return `{{/${open}}}`;
  if (inner === '.') return '{{this}}';
  if (/^[.$][\w.]*$/.test(inner)) return `{{${value(inner)}}}`;
  if (inner.startsWith('/*')) return '{{!-- … --}}';
  if (/^\$\w+\s*:?=/.test(inner)) return 'the value itself where it is used: Handlebars has no variables';
  // A name after a dot, or a variable, as an argument: `or .NeighborIP "10.0.0.1"`.
  if (/[\s(][.$][A-Za-z_]/.test(inner.replaceAll(/"[^"]*"|'[^']*'/g, '""')) && !goWords.test(inner)) return `{{${value(inner)}}}`;
  return goWords.test(inner) || /\s\|\s*(?!\w+(?:\s+\w+)*\|)\w/.test(inner)
    ? 'Handlebars, see templates/README.md: there is no such function'
    : undefined;
}

function rangeNames(variables: string | undefined): string {
  if (variables === undefined) return '';
  const [first = '', second] = variables.split(',').map(name => name.trim().slice(1));
  return second === undefined ? ` as |${first}|` : ` as |${second} ${first}|`;
}

/** `.Args.HostGroups` → `HostGroups`, `$.LocalAS` → `@root.LocalAS`, `$x.Name` → `x.Name`, `.` → `this`. */
function value(expression: string): string {
  const text = expression
    .trim()
    .replaceAll(/(?<![\w.])\$\./g, '@root.')
    .replaceAll(/\$(\w)/g, '$1');
  return text.replaceAll(/(?<![\w.)@])\.(?:Args\.)?(?=\w)/g, '').replaceAll(/(?<![\w./])\.(?![\w./])/g, 'this');
}
