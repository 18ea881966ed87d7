import type {Position} from './template-error.ts';

/** A template after parsing: what template-evaluate.ts walks. */
export type TemplateNode = TextNode | OutputNode | BlockNode;

export interface TextNode {
  readonly kind: 'text';
  readonly text: string;
  /** Where it begins. */
  readonly line: number;
}

export interface OutputNode {
  readonly kind: 'output';
  readonly value: Expression;
  readonly at: Position;
}

/** `section` is a block that is named after a value: {{#Networks}}…{{/Networks}}. */
export interface BlockNode {
  readonly kind: 'block';
  readonly helper: 'if' | 'unless' | 'each' | 'with' | 'section';
  readonly argument: Expression;
  readonly isZeroTrue: boolean;
  /** The names after `as`: {{#each HostGroups as |group network|}}. */
  readonly names: readonly string[];
  readonly body: readonly TemplateNode[];
  readonly inverse: readonly TemplateNode[];
  /** Whether anything inside asks for one of the `@` values. */
  readonly asksData: boolean;
  readonly at: Position;
}

export type Expression = LiteralExpression | PathExpression | CallExpression;

export interface LiteralExpression {
  readonly kind: 'literal';
  readonly value: unknown;
  readonly at: Position;
}

/** `Vars.neighbor`, `../LocalAS` (depth 1), `@index` (isData), `this` (no parts). */
export interface PathExpression {
  readonly kind: 'path';
  readonly text: string;
  readonly parts: readonly string[];
  readonly depth: number;
  readonly isData: boolean;
  /** Begins with `this` or `.`, so that it cannot mean a name after `as`. */
  readonly isScoped: boolean;
  readonly at: Position;
}

export interface CallExpression {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expression[];
  readonly at: Position;
}
