import {type Position, TemplateFaultError} from './template-error.ts';
import {isTrue, templateHelpers} from './template-helpers.ts';
import type {BlockNode, Expression, OutputNode, TemplateNode} from './template-nodes.ts';
import {enter, resolvePath, rootScope, type Scope} from './template-scope.ts';
import type {Output} from './template-source-map.ts';
import {isRecord, kindOf, printable} from './template-values.ts';

/** Walks a parsed template over the data and hands on its output. Throws TemplateFaultError. */
export function evaluateTemplate(nodes: readonly TemplateNode[], data: unknown, output: Output): void {
  runNodes(nodes, rootScope(data), output);
}

function runNodes(nodes: readonly TemplateNode[], scope: Scope, output: Output): void {
  for (const node of nodes) {
    if (node.kind === 'text') output.addText(node.text, node.line);
    else if (node.kind === 'output') output.addValue(outputText(node, scope), node.at.line);
    else runBlock(node, scope, output);
  }
}

function outputText({value: expression, at}: OutputNode, scope: Scope): string {
  const value = evaluate(expression, scope);
  const text = printable(value);
  if (text !== undefined) return text;
  throw new TemplateFaultError(`${describe(expression)} is ${kindOf(value)}, which cannot be written into a file`, at);
}

function runBlock(block: BlockNode, scope: Scope, output: Output): void {
  const value = evaluate(block.argument, scope);
  if (block.helper === 'each' || (block.helper === 'section' && Array.isArray(value))) {
    runEach(block, value, scope, output);
    return;
  }
  const nodes = isTaken(block, value) ? block.body : block.inverse;
  const entersValue = nodes === block.body && (block.helper === 'with' || (block.helper === 'section' && value !== true));
  runNodes(nodes, entersValue ? enter(scope, value, block.names, [value]) : scope, output);
}

function isTaken({helper, isZeroTrue}: BlockNode, value: unknown): boolean {
  if (helper === 'section') return value !== false && value !== null;
  if (helper === 'with') return isTrue(value, true);
  return isTrue(value, isZeroTrue) === (helper === 'if');
}

function runEach({argument, names, body, inverse, asksData, at}: BlockNode, value: unknown, scope: Scope, output: Output): void {
  if (!Array.isArray(value) && !isRecord(value)) {
    throw new TemplateFaultError(`#each needs a list or a map, ${describe(argument)} is ${kindOf(value)}`, at);
  }
  const keys = Array.isArray(value) ? undefined : Object.keys(value);
  const items: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  if (items.length === 0) runNodes(inverse, scope, output);
  const last = items.length - 1;
  for (let index = 0; index <= last; index += 1) {
    const item = items[index];
    const key = keys?.[index] ?? index;
    // A list may have tens of thousands of items, and few templates ask for these.
    const data = asksData ? {values: {key, index, first: index === 0, last: index === last}, outer: scope.data} : scope.data;
    runNodes(body, enter(scope, item, names, [item, key], data), output);
  }
}

function evaluate(expression: Expression, scope: Scope): unknown {
  if (expression.kind === 'literal') return expression.value;
  if (expression.kind === 'path') return resolvePath(expression, scope);
  return callHelper(
    expression.name,
    expression.args.map(argument => evaluate(argument, scope)),
    expression.at,
  );
}

function callHelper(name: string, args: readonly unknown[], at: Position): unknown {
  const helper = templateHelpers.get(name);
  if (helper === undefined) throw new TemplateFaultError(`there is no helper "${name}"`, at);
  try {
    return helper.call(args);
  } catch (error) {
    throw new TemplateFaultError(`${name}: ${error instanceof Error ? error.message : String(error)}, as in ${helper.usage}`, at);
  }
}

function describe(expression: Expression): string {
  return expression.kind === 'path' ? `"${expression.text}"` : 'the value';
}
