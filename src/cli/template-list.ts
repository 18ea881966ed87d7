import type {Command} from 'commander';
import {InputError} from '../core/errors.ts';
import {type ExplainedChoice, explainChoice, missingTemplate} from '../core/template-choice.ts';
import {renderJson} from './parts.ts';
import {renderTable} from './table.ts';
import {formatOf, hostVerb, type TemplateFlags, type TemplateParts} from './template-parts.ts';

/** `romana template list`: every template of the folder, and why this host takes it or not. */
export function listCommand(parts: TemplateParts): Command {
  return hostVerb('list', 'the files that this host chooses, and why not the others').action(async (_own: object, command: Command) => {
    const flags = command.optsWithGlobals<TemplateFlags>();
    const format = formatOf(flags);
    const {source, templates, folder} = await parts.readHost(flags);
    const choices = (['bird.conf', 'publisher.conf'] as const).map(name => explainChoice(name, templates, source.self.addresses));
    parts.write(format === 'json' ? renderJson(choices.map(document)) : table(choices));
    const missing = choices.flatMap(choice => missingText(choice, folder));
    if (missing.length > 0) throw new InputError('ERR_TEMPLATE_MISSING', missing.join('; '));
  });
}

function missingText({name, file, candidates}: ExplainedChoice, folder: string): string[] {
  if (file === undefined) return [missingTemplate(name, candidates, folder)];
  return file.problem === undefined ? [] : [`no template for ${name}: ${file.file} ${file.problem}`];
}

function document({name, file, candidates, files}: ExplainedChoice) {
  return {template: name, chosen: file?.file ?? null, candidates, files};
}

function table(choices: readonly ExplainedChoice[]): string {
  const rows = choices.flatMap(({name, files}) => files.map(({file, isChosen, reason}) => [name, file, isChosen ? 'yes' : 'no', reason]));
  return renderTable(['Template', 'File', 'Chosen', 'Why'], rows);
}
