import {type Command, Option} from 'commander';
import type {TemplateName} from '../core/template-choice.ts';
import {addBirdPaths, hostVerb, renderFile, type TemplateFlags, type TemplateParts} from './template-parts.ts';

interface RenderFlags extends TemplateFlags {
  readonly file: TemplateName;
  readonly output?: string;
}

/** `romana template render`: one of BIRD's files as the agent would write it. */
export function renderCommand(parts: TemplateParts): Command {
  return addBirdPaths(hostVerb('render', "prints one of BIRD's files as the agent would write it"))
    .addOption(new Option('--file <name>', 'which file').choices(['bird.conf', 'publisher.conf']).default('publisher.conf'))
    .option('-o, --output <file>', 'writes it there instead')
    .action(async (_own: object, command: Command) => {
      const {file, output, ...flags} = command.optsWithGlobals<RenderFlags>();
      const {text} = renderFile(file, await parts.readHost(flags));
      if (output === undefined) parts.write(text);
      // Templates may hold passwords.
      else await parts.writeFile(output, text, 0o640);
    });
}
