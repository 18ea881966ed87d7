import path from 'node:path';
import type {Command} from 'commander';
import type {BirdFile} from '../core/desired-bird-files.ts';
import {InputError} from '../core/errors.ts';
import {renderJson} from './parts.ts';
import {foresee, foresightLines} from './template-foresight.ts';
import {
  addBirdPaths,
  addBirdProgram,
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
  return addBirdProgram(addBirdPaths(hostVerb('diff', 'what would change against what is live on this host')))
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
      const set = await whole(after);
      const {syntax, refusal} = await askBird(() => parts.checkSyntax(set, host, flags));
      if (refusal !== undefined) {
        // What BIRD would make of files that it does not take is nothing.
        if (format === 'json') parts.write(renderJson({diff, syntax, refusal: refusal.message}));
        else if (diff !== '') parts.write(`${diff}\n# BIRD refuses these files: nothing of this would go live\n`);
        throw refusal;
      }
      if (syntax === 'not checked' && diff !== '') parts.warn('romana: BIRD was not found, the syntax is not checked\n');
      const foresight = foresee(host, await whole(before), set);
      if (format === 'json') parts.write(renderJson({diff, syntax, ...foresight}));
      else if (diff !== '') parts.write(`${diff}\n${foresightLines(foresight).join('\n')}\n`);
      if (flags.exitCode === true && diff !== '') parts.fail();
    });
}

interface Answer {
  readonly syntax: 'accepted' | 'not checked' | 'refused';
  readonly refusal?: InputError;
}

async function askBird(check: () => Promise<'accepted' | 'not checked'>): Promise<Answer> {
  try {
    return {syntax: await check()};
  } catch (error) {
    if (error instanceof InputError && refusals.has(error.code)) return {syntax: 'refused', refusal: error};
    throw error;
  }
}

const refusals = new Set(['ERR_BIRD_REJECTED', 'ERR_BIRD_INCLUDE']);

async function filesBefore(parts: TemplateParts, host: TemplateHost, against: string | undefined): Promise<BirdFile[]> {
  if (against === undefined) return parts.readLive(host);
  return renderFiles({...host, folder: path.resolve(against), templates: await parts.readTemplates(against)});
}

function originOf({source}: BirdFile): string {
  return source === '' ? 'live' : `from ${source}`;
}
