import Handlebars from 'handlebars';
import {findGoSyntax} from './go-template-syntax.ts';
import {type Position, type TemplateFault, TemplateFaultError} from './template-error.ts';
import {templateHelpers} from './template-helpers.ts';
import {findDeepNesting} from './template-nesting.ts';
import type {BlockNode, Expression, TemplateNode} from './template-nodes.ts';
import {isBefore, syntaxFault} from './template-syntax-fault.ts';
import {findControlCharacter} from './template-text.ts';
import {findUnclosedTag} from './template-unclosed-tag.ts';

/** Parses a Handlebars template and refuses what we do not take (Go syntax, partials, decorators, unknown helpers). Throws TemplateFaultError. */
export function parseTemplate(text: string): readonly TemplateNode[] {
  const early = findControlCharacter(text) ?? findEarlyFault(text) ?? findDeepNesting(text);
  if (early !== undefined) throw new TemplateFaultError(early.reason, early);
  let program: hbs.AST.Program;
  try {
    program = Handlebars.parse(text);
  } catch (error) {
    const fault = syntaxFault(error, text);
    throw new TemplateFaultError(fault.reason, fault);
  }
  return parseProgram(program);
}

/** What Handlebars' parser would report at another place, or would not understand. */
function findEarlyFault(text: string): TemplateFault | undefined {
  const unclosed = findUnclosedTag(text);
  const go = findGoSyntax(text);
  // The first one counts. Quotes mean nothing in a Go comment, but a Go tag that has another one inside is not closed either.
  const isGo = go !== undefined && (unclosed === undefined || (isBefore(go, unclosed) && !go.tag.includes('{{', 2)));
  return isGo ? {...go, reason: `${go.tag} is Go template syntax, write ${go.handlebars}`} : unclosed;
}

function parseProgram(program: hbs.AST.Program | undefined): TemplateNode[] {
  return program === undefined ? [] : program.body.flatMap(statement => parseStatement(statement));
}

function parseStatement(statement: hbs.AST.Statement): TemplateNode[] {
  if (statement.type === 'CommentStatement') return [];
  if (statement.type === 'ContentStatement') return [parseText(statement as hbs.AST.ContentStatement)];
  if (statement.type === 'BlockStatement') return [parseBlock(statement as hbs.AST.BlockStatement)];
  const at = positionOf(statement);
  if (statement.type === 'MustacheStatement') return [{kind: 'output', value: parseCall(statement as hbs.AST.MustacheStatement), at}];
  throw new TemplateFaultError('partials and decorators ({{> …}}, {{* …}}) are not supported', at);
}

/** Handlebars has taken white space around block tags away; what is left still stands at its place in the original. */
function parseText({value, original, loc}: hbs.AST.ContentStatement): TemplateNode {
  const skipped = String(original).slice(0, Math.max(0, String(original).lastIndexOf(value)));
  return {kind: 'text', text: value, line: loc.start.line + skipped.split('\n').length - 1};
}

const blockHelpers = ['if', 'unless', 'each', 'with'] as const;

function parseBlock(block: hbs.AST.BlockStatement): BlockNode {
  const at = positionOf(block);
  const name = block.path.original;
  const helper = blockHelpers.find(known => known === name);
  const [body, inverse] = [parseProgram(block.program), parseProgram(block.inverse)];
  const inner = {
    names: block.program?.blockParams ?? [],
    body,
    inverse,
    asksData: [...body, ...inverse].some(nodeAsksData),
    isZeroTrue: isZeroTrue(block, helper),
    at,
  };
  if (helper !== undefined) {
    const [argument] = block.params;
    if (argument === undefined || block.params.length > 1) throw new TemplateFaultError(`#${name} needs exactly one argument`, at);
    return {kind: 'block', helper, argument: parseExpression(argument), ...inner};
  }
  if (templateHelpers.has(name)) throw new TemplateFaultError(`"${name}" is no block: write {{#if (${name} …)}}`, at);
  if (block.params.length > 0) throw new TemplateFaultError(`there is no block helper "${name}"`, at);
  return {kind: 'block', helper: 'section', argument: parseExpression(block.path), ...inner};
}

function nodeAsksData(node: TemplateNode): boolean {
  if (node.kind === 'text') return false;
  return node.kind === 'output' ? asksData(node.value) : node.asksData || asksData(node.argument);
}

function asksData(expression: Expression): boolean {
  return expression.kind === 'path' ? expression.isData : expression.kind === 'call' && expression.args.some(asksData);
}

function isZeroTrue(block: hbs.AST.BlockStatement, helper: string | undefined): boolean {
  const pairs = block.hash?.pairs ?? [];
  const unknown = pairs.find(({key}) => key !== 'includeZero' || (helper !== 'if' && helper !== 'unless'));
  if (unknown !== undefined) throw new TemplateFaultError(`named argument "${unknown.key}" is not known here`, positionOf(unknown));
  return pairs.some(({value}) => value.type === 'BooleanLiteral' && (value as hbs.AST.BooleanLiteral).value);
}

function parseCall({path, params, hash, ...node}: hbs.AST.MustacheStatement | hbs.AST.SubExpression): Expression {
  const at = positionOf(node);
  const name = String((path as hbs.AST.PathExpression).original);
  const [pair] = hash?.pairs ?? [];
  if (pair !== undefined) throw new TemplateFaultError(`named argument "${pair.key}" is not known here`, positionOf(pair));
  const helper = templateHelpers.get(name);
  if (helper === undefined) {
    if (params.length > 0 || node.type === 'SubExpression') throw new TemplateFaultError(`there is no helper "${name}"`, at);
    return path.type === 'PathExpression' ? parseExpression(path) : nameOf(name, at);
  }
  if (params.length < helper.minimum || params.length > helper.maximum) {
    throw new TemplateFaultError(`${name} got ${params.length} arguments, write ${helper.usage}`, at);
  }
  return {kind: 'call', name, args: params.map(parameter => parseExpression(parameter)), at};
}

function parseExpression(expression: hbs.AST.Expression): Expression {
  const at = positionOf(expression);
  if (expression.type === 'SubExpression') return parseCall(expression as hbs.AST.SubExpression);
  if (expression.type !== 'PathExpression') return {kind: 'literal', value: (expression as {value?: unknown}).value ?? null, at};
  const {original, parts, depth, data} = expression as hbs.AST.PathExpression;
  return {kind: 'path', text: original, parts, depth, isData: data === true, isScoped: /^(?:\.|this\b)/.test(original), at};
}

/** `{{"odd name"}}` and `{{12}}` are names, as in Handlebars. */
function nameOf(text: string, at: Position): Expression {
  return {kind: 'path', text, parts: [text], depth: 0, isData: false, isScoped: false, at};
}

function positionOf({loc}: {loc: hbs.AST.SourceLocation}): Position {
  return {line: loc.start.line, column: loc.start.column + 1};
}
