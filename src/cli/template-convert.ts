import path from 'node:path';
import {Command, Option} from 'commander';
import {convertTemplate} from '../core/convert/convert-template.ts';
import {InputError} from '../core/errors.ts';
import type {Family} from '../core/prefix.ts';
import type {TemplateParts} from './template-parts.ts';

interface ConvertFlags {
  readonly output?: string;
  readonly to?: 'bird2';
  readonly family?: Family;
}

/** `romana template convert`: an older template in the syntax of today. */
export function convertCommand(parts: TemplateParts): Command {
  return new Command('convert')
    .description("translates an older publisher's file: Go's text/template, and with --to bird2 BIRD 1.6")
    .argument('<file>', 'the template, or - for standard input')
    .option('-o, --output <file>', 'where the result goes (default: standard output)')
    .addOption(new Option('--to <version>', 'what BIRD shall read it').choices(['bird2']))
    .addOption(new Option('--family <family>', 'what the BIRD 1.6 file was for, where its addresses do not tell').choices(['ipv4', 'ipv6']))
    .action(async (file: string, {output, to, family}: ConvertFlags) => {
      if (output !== undefined && path.resolve(output) === path.resolve(file)) {
        throw new InputError('ERR_USAGE', `cannot convert ${file} into itself: what it cannot express would be gone: give -o another file`);
      }
      const name = file === '-' ? 'standard input' : file;
      const {text, notes} = convertTemplate(await parts.readInput(file), name, {to, family});
      if (output === undefined) parts.write(text);
      else await parts.writeFile(output, text, 0o644);
      for (const {line, column, reason, level} of notes) parts.warn(`${name}:${line}:${column}: ${level}: ${reason}\n`);
      if (notes.some(({level}) => level === 'lost')) parts.fail();
    });
}
