/** A template of Go's text/template after parsing. Offsets are those of the template's text. */
export type GoNode = GoText | GoComment | GoOutput | GoBlock | GoUnsupported;

export interface GoText {
  readonly kind: 'text';
  readonly text: string;
  readonly start: number;
}

/** A `{{…}}`: where it stands, and whether it takes the white space before and after itself away. */
export interface GoTag {
  readonly start: number;
  readonly end: number;
  readonly trimLeft: boolean;
  readonly trimRight: boolean;
  /** Nothing but blanks shares its line. */
  readonly isAlone: boolean;
  readonly isLineEnd: boolean;
  /** The tags around it take the white space between away. */
  readonly isAfterTrim: boolean;
  readonly isBeforeTrim: boolean;
}

export interface GoComment {
  readonly kind: 'comment';
  readonly text: string;
  readonly tag: GoTag;
}

/** A pipeline that is written, or only given a name. */
export interface GoOutput {
  readonly kind: 'output';
  readonly pipeline: GoPipeline;
  readonly tag: GoTag;
}

export interface GoBlock {
  readonly kind: 'block';
  readonly word: 'if' | 'range' | 'with' | 'define' | 'block';
  readonly pipeline: GoPipeline;
  readonly body: readonly GoNode[];
  /** The `{{else}}`; with `isChained` an `{{else if …}}`, whose nodes are that one block. */
  readonly otherwise: GoElse | undefined;
  readonly tag: GoTag;
  readonly close: GoTag;
}

export interface GoElse {
  readonly isChained: boolean;
  readonly body: readonly GoNode[];
  readonly tag: GoTag;
}

/** template, break, continue. */
export interface GoUnsupported {
  readonly kind: 'unsupported';
  readonly word: string;
  readonly tag: GoTag;
}

/** `$x := .A | f 1`: commands from left to right, each result the last argument of the next one. */
export interface GoPipeline {
  readonly variables: readonly string[];
  readonly isAssignment: boolean;
  readonly commands: ReadonlyArray<readonly GoOperand[]>;
  readonly start: number;
}

export type GoOperand = {readonly start: number} & (
  | {readonly kind: 'literal'; readonly value: string | number | boolean | null}
  | {readonly kind: 'function'; readonly name: string}
  /** `of` is '.' for the current value, '$' for the root, else a variable or an expression in parentheses. */
  | {readonly kind: 'field'; readonly of: string | GoPipeline; readonly path: readonly string[]}
);
