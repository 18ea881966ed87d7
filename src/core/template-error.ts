import {InputError} from './errors.ts';

/** A place in a template, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** What is wrong at which place, before the file's name is known. */
export interface TemplateFault extends Position {
  readonly reason: string;
}

/** The same, with the line's text. */
export interface TemplateFaultInText extends TemplateFault {
  readonly text: string;
}

/** A template that cannot be read or rendered. */
export class TemplateError extends InputError {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly reason: string;
  /** The line as it stands in the template. */
  readonly text: string;

  constructor(name: string, file: string, {line, column, reason, text}: TemplateFaultInText, cause?: unknown) {
    super('ERR_TEMPLATE', `cannot render ${name}: ${reason} (${file}:${line}:${column})`, cause === undefined ? {} : {cause});
    this.name = 'TemplateError';
    this.file = file;
    this.line = line;
    this.column = column;
    this.reason = reason;
    this.text = text;
  }
}

/** Thrown inside the template code, where the file is not known; renderTemplate turns it into a TemplateError. */
export class TemplateFaultError extends Error {
  readonly fault: TemplateFault;

  constructor(reason: string, {line, column}: Position) {
    super(reason);
    this.name = 'TemplateFaultError';
    this.fault = {line, column, reason};
  }
}
