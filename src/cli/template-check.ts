import type {Command} from 'commander';
import {parseBirdConfig} from '../core/bird-config/parse.ts';
import {renderJson} from './parts.ts';
import {findingLine, guardFiles, isRefused} from './template-guards.ts';
import {addBirdPaths, addBirdProgram, formatOf, hostVerb, renderFiles, type TemplateFlags, type TemplateParts} from './template-parts.ts';

/** `romana template check`: whether BIRD and the guards would take what the templates give. */
export function checkCommand(parts: TemplateParts): Command {
  const verb = hostVerb('check', 'renders the templates and asks "bird -p" and the guards about the result');
  return addBirdProgram(addBirdPaths(verb)).action(async (_own: object, command: Command) => {
    const flags = command.optsWithGlobals<TemplateFlags>();
    const format = formatOf(flags);
    const host = await parts.readHost(flags);
    const files = renderFiles(host);
    const set = [...files, ...(await parts.readIncluded(files))];
    const syntax = await parts.checkSyntax(set, host, flags);
    if (syntax === 'not checked') parts.warn('romana: BIRD was not found, the syntax is not checked\n');
    const findings = guardFiles(host, set, {before: undefined, after: parseBirdConfig(set, host.birdConf)});
    const sources = files.map(({source}) => source);
    if (format === 'json') parts.write(renderJson({files: sources, syntax, findings}));
    else for (const finding of findings) parts.warn(`${findingLine(finding)}\n`);
    if (isRefused(findings)) parts.fail();
    else if (format === 'table') parts.write(`${sources.join(', ')}: ${syntax === 'accepted' ? 'accepted by BIRD' : 'no fault found'}\n`);
  });
}
