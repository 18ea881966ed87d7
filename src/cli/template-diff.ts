import path from 'node:path';
import type {Command} from 'commander';
import type {BirdFile} from '../core/desired-bird-files.ts';
import {renderJson} from './parts.ts';
import {foresee, foresightLines} from './template-foresight.ts';
import {
  addBirdPaths,
  formatOf,
  hostVerb,
  renderFiles,
  type TemplateFlags,
  type TemplateHost,
  type TemplateParts,
} from './template-parts.ts';
import {diffFiles} from './template-patch.ts';

interface DiffFlags extends TemplateFlags {
  readonly against?: string;
  readonly exitCode?: boolean;
}

/** `romana template diff`: what would change on this host. */
export function diffCommand(parts: TemplateParts): Command {
  return addBirdPaths(hostVerb('diff', 'what would change against what is live on this host'))
    .option('--against <folder>', 'compare with what the templates of another folder give, instead')
    .option('--exit-code', 'exit status 1 when there is a difference')
    .action(async (_own: object, command: Command) => {
      const flags = command.optsWithGlobals<DiffFlags>();
      const format = formatOf(flags);
      const host = await parts.readHost(flags);
      const after = renderFiles(host);
      const before = await filesBefore(parts, host, flags.against);
      const diff = diffFiles(before, after, originOf, originOf);
      const whole = async (files: readonly BirdFile[]) => [...files, ...(await parts.readIncluded(files))];
      const foresight = foresee(host, await whole(before), await whole(after));
      if (format === 'json') parts.write(renderJson({diff, ...foresight}));
      else if (diff !== '') parts.write(`${diff}\n${foresightLines(foresight).join('\n')}\n`);
      if (flags.exitCode === true && diff !== '') parts.fail();
    });
}

async function filesBefore(parts: TemplateParts, host: TemplateHost, against: string | undefined): Promise<BirdFile[]> {
  if (against === undefined) return parts.readLive(host);
  return renderFiles({...host, folder: path.resolve(against), templates: await parts.readTemplates(against)});
}

function originOf({source}: BirdFile): string {
  return source === '' ? 'live' : `from ${source}`;
}
