import type {Command} from 'commander';
import {renderJson} from './parts.ts';
import {addBirdPaths, formatOf, hostVerb, renderFiles, type TemplateFlags, type TemplateParts} from './template-parts.ts';

/** `romana template check`: whether BIRD and the guards would take what the templates give. */
export function checkCommand(parts: TemplateParts): Command {
  return addBirdPaths(hostVerb('check', 'renders the templates and asks "bird -p" and the guards about the result'))
    .option('--bird <command>', 'the BIRD that checks (default: publish.birdCommand of romana.yaml)')
    .action(async (_own: object, command: Command) => {
      const flags = command.optsWithGlobals<TemplateFlags>();
      const format = formatOf(flags);
      const host = await parts.readHost(flags);
      const files = renderFiles(host);
      const set = [...files, ...(await parts.readIncluded(files))];
      const syntax = await parts.checkSyntax(set, host, flags);
      if (syntax === 'not checked') parts.warn('romana: BIRD was not found, the syntax is not checked\n');
      const sources = files.map(({source}) => source);
      parts.write(
        format === 'json'
          ? renderJson({files: sources, syntax})
          : `${sources.join(', ')}: ${syntax === 'accepted' ? 'accepted by BIRD' : 'no fault found'}\n`,
      );
    });
}
