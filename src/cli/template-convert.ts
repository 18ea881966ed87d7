import path from 'node:path';
import {Command} from 'commander';
import {convertGoTemplate} from '../core/convert/go-template.ts';
import {InputError} from '../core/errors.ts';
import type {TemplateParts} from './template-parts.ts';

interface ConvertFlags {
  readonly output?: string;
}

/** `romana template convert`: an older template in the syntax of today. */
export function convertCommand(parts: TemplateParts): Command {
  return new Command('convert')
    .description("translates a template of Go's text/template, as older publishers had them")
    .argument('<file>', 'the template, or - for standard input')
    .option('-o, --output <file>', 'where the result goes (default: standard output)')
    .action(async (file: string, {output}: ConvertFlags) => {
      if (output !== undefined && path.resolve(output) === path.resolve(file)) {
        throw new InputError('ERR_USAGE', `cannot convert ${file} into itself: what it cannot express would be gone: give -o another file`);
      }
      const name = file === '-' ? 'standard input' : file;
      const {text, notes} = convertGoTemplate(await parts.readInput(file), name);
      if (output === undefined) parts.write(text);
      else await parts.writeFile(output, text, 0o644);
      for (const {line, column, reason, level} of notes) parts.warn(`${name}:${line}:${column}: ${level}: ${reason}\n`);
      if (notes.some(({level}) => level === 'lost')) parts.fail();
    });
}
