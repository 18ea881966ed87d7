import {Command} from 'commander';
import {type BirdFile, birdConfFile, publisherFile} from '../core/desired-bird-files.ts';
import {InputError} from '../core/errors.ts';
import type {GuardSettings, TemplateFile} from '../core/node-state.ts';
import {type TemplateSource, templateVariables} from '../core/publish.ts';
import {excerptLines} from '../core/source-excerpt.ts';
import type {TemplateName} from '../core/template-choice.ts';
import {TemplateError} from '../core/template-error.ts';

/** The flags that the verbs share. */
export interface TemplateFlags {
  readonly data?: string;
  readonly templates?: string;
  readonly romanaConfig?: string;
  readonly socket?: string;
  readonly birdConf?: string;
  readonly confDir?: string;
  readonly bird?: string;
  readonly format?: string;
}

/** The host that templates are rendered for, and where its files are. */
export interface TemplateHost {
  readonly source: TemplateSource;
  /** The template folder, and every bird.conf* and publisher.conf* in it. */
  readonly folder: string;
  readonly templates: readonly TemplateFile[];
  readonly birdConf: string;
  readonly confDir: string;
  readonly guards: GuardSettings;
}

/** What the template commands act through. */
export interface TemplateParts {
  /** From the data file or the agent of this host, and from romana.yaml. */
  readHost(flags: TemplateFlags): Promise<TemplateHost>;
  readTemplates(folder: string): Promise<readonly TemplateFile[]>;
  /** bird.conf and publisher.conf as they lie on this host. */
  readLive(host: Pick<TemplateHost, 'birdConf' | 'confDir'>): Promise<BirdFile[]>;
  /** The files of others that BIRD would read with these. */
  readIncluded(files: readonly BirdFile[]): Promise<BirdFile[]>;
  /** Asks BIRD's parser about a copy of the files: 'accepted', or that there is no BIRD here. Throws BirdRejectedError. */
  checkSyntax(files: readonly BirdFile[], host: TemplateHost, flags: TemplateFlags): Promise<'accepted' | 'not checked'>;
  /** A file's text; that of standard input for "-". */
  readInput(file: string): Promise<string>;
  /** Replaces a file in one step. Throws InputError where its folder is missing, or something else has its name. */
  writeFile(file: string, text: string, mode: number): Promise<void>;
  write(text: string): void;
  warn(text: string): void;
  /** Makes the exit status 1 without another word. */
  fail(): void;
}

/** A verb with the options that say for which host. */
export function hostVerb(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--data <file>', 'what to render with, as JSON (- for standard input); default: what the agent of this host has')
    .option('--templates <folder>', 'the template folder (default: publish.templates of romana.yaml)')
    .option('--romana-config <file>', 'romana.yaml (default: $ROMANA_CONFIG or /etc/romana/romana.yaml)')
    .option('--socket <file>', "the agent's socket (default: agent.socket of romana.yaml)");
}

/** Adds the options that say where BIRD's files lie. */
export function addBirdPaths(command: Command): Command {
  return command
    .option('--bird-conf <file>', "BIRD's main file (default: publish.birdConf of romana.yaml)")
    .option('--conf-dir <folder>', 'the folder of publisher.conf (default: publish.confDir of romana.yaml)');
}

/** Adds the option that says who is asked about the files. */
export function addBirdProgram(command: Command): Command {
  return command.option('--bird <command>', 'the BIRD that checks (default: publish.birdCommand of romana.yaml)');
}

/** One of BIRD's files, exactly as the agent would write it. Throws InputError, for a wrong template with the line and a caret under the column. */
export function renderFile(name: TemplateName, {source, folder, templates, birdConf, confDir}: TemplateHost): BirdFile {
  const input = {self: source.self, templates, publish: {birdConf, confDir, templates: folder}};
  try {
    return name === 'bird.conf' ? birdConfFile(input) : publisherFile({...input, data: templateVariables(source)});
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new InputError('ERR_TEMPLATE', [error.message, ...excerptLines(error)].join('\n'), {cause: error});
  }
}

/** Both of BIRD's files. */
export function renderFiles(host: TemplateHost): BirdFile[] {
  return [renderFile('bird.conf', host), renderFile('publisher.conf', host)];
}

export function formatOf({format = 'table'}: TemplateFlags): 'table' | 'json' {
  if (format === 'table' || format === 'json') return format;
  throw new InputError('ERR_USAGE', `unknown format ${JSON.stringify(format)}, expected table or json`);
}
