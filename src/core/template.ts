import path from 'node:path';
import type {TemplateFile} from './node-state.ts';
import {TemplateError, TemplateFaultError} from './template-error.ts';
import {evaluateTemplate} from './template-evaluate.ts';
import {parseTemplate} from './template-parse.ts';
import {createSourceMap, createTextOutput} from './template-source-map.ts';
import {plainText, withoutControlCharacters} from './template-text.ts';

export interface RenderedText {
  readonly text: string;
  /** The template's line of each rendered line, both counted from 1: `lines()[0]` belongs to the first rendered line. Worked out when asked for. */
  lines(): readonly number[];
}

/**
 * Renders a Handlebars template, CRLF line ends as LF: nothing is escaped, and every name must exist, also in the arguments of #if and #each. Handlebars reads the
 * template; its tree is walked here, so that each piece of output knows its line, and a name can only reach the data's own properties.
 */
export function renderTemplate({file, text}: TemplateFile, data: unknown): RenderedText {
  try {
    const nodes = parseTemplate(plainText(text));
    const output = createTextOutput();
    evaluateTemplate(nodes, data, output);
    return {
      text: output.text,
      lines() {
        const map = createSourceMap();
        evaluateTemplate(nodes, data, map);
        return map.lines();
      },
    };
  } catch (error) {
    if (!(error instanceof TemplateFaultError)) throw error;
    const line = plainText(text).split('\n')[error.fault.line - 1]?.trimEnd() ?? '';
    throw new TemplateError(path.basename(file), file, {...error.fault, text: withoutControlCharacters(line)}, error.cause);
  }
}
