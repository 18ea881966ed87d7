import type {TemplateFault} from './template-error.ts';
import {findTags} from './template-tags.ts';

/** How many blocks, or parentheses, may lie inside each other: the parsers call themselves for each, and nobody writes that many by hand. */
export const deepestNesting = 100;

export const tooManyBlocks = `more than ${deepestNesting} blocks inside each other (each {{else if}} of a chain counts as one)`;
const tooManyParentheses = `more than ${deepestNesting} parentheses inside each other`;

/** The first tag of a Handlebars template that lies in too many blocks, or holds too many parentheses. */
export function findDeepNesting(text: string): TemplateFault | undefined {
  // How deep it is outside of each open block.
  const outside: number[] = [];
  let depth = 0;
  for (const {inner, line, column} of findTags(text)) {
    if (/^[#^]\s*[^\s}]/.test(inner)) {
      outside.push(depth);
      depth += 1;
    } else if (/^else\s+\S/.test(inner)) depth += 1;
    else if (inner.startsWith('/')) depth = outside.pop() ?? 0;
    if (depth > deepestNesting) return {line, column, reason: tooManyBlocks};
    if (parenthesesIn(inner) > deepestNesting) return {line, column, reason: tooManyParentheses};
  }
  return undefined;
}

function parenthesesIn(inner: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [piece] of inner.matchAll(/"[^"]*"|'[^']*'|\[[^\]]*\]|[()]/g)) {
    if (piece === '(') depth += 1;
    else if (piece === ')') depth -= 1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}
