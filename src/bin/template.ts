import {mkdtemp, readFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {text} from 'node:stream/consumers';
import {fetchTemplateData} from '../agent/client.ts';
import type {TemplateFlags, TemplateParts} from '../cli/template-parts.ts';
import type {Config} from '../config/schema.ts';
import {parseTemplateData} from '../config/template-data.ts';
import {InputError, messageOf} from '../core/errors.ts';
import type {TemplateSource} from '../core/publish.ts';
import {readIncluded} from '../drivers/bird/include-tree.ts';
import {createBirdCheck} from '../drivers/bird/staging.ts';
import {readTemplates} from '../drivers/templates.ts';
import {systemFiles} from '../system/file-system.ts';
import {CommandFailedError, createRun} from '../system/run.ts';
import {loadConfig} from './program.ts';

/** What the template commands act through, on the real machine. */
export function createTemplateParts(): TemplateParts {
  const run = createRun();
  return {
    async readHost(flags) {
      const {agent} = await readConfig(flags);
      const folder = path.resolve(flags.templates ?? agent.publish.templates);
      const [source, templates] = await Promise.all([readSource(flags, agent.socket), readTemplates(systemFiles, folder)]);
      const birdConf = path.resolve(flags.birdConf ?? agent.publish.birdConf);
      const confDir = path.resolve(flags.confDir ?? agent.publish.confDir);
      return {source, folder, templates, birdConf, confDir, guards: agent.publish.guards};
    },
    readTemplates: folder => readTemplates(systemFiles, path.resolve(folder)),
    async readLive({birdConf, confDir}) {
      const paths = [birdConf, path.join(confDir, 'publisher.conf')];
      const texts = await Promise.all(paths.map(file => systemFiles.read(file)));
      return paths.flatMap((file, index) => (texts[index] === undefined ? [] : [{path: file, text: texts[index], source: ''}]));
    },
    readIncluded: files => readIncluded(files, systemFiles),
    async checkSyntax(files, {birdConf, confDir}, flags) {
      const birdCommand = flags.bird ?? (await readConfig(flags)).agent.publish.birdCommand;
      if (!(await isInstalled(birdCommand))) {
        if (flags.bird !== undefined) throw new InputError('ERR_NO_BIRD', `cannot check: ${JSON.stringify(flags.bird)} cannot be run`);
        return 'not checked';
      }
      const stageDir = await mkdtemp(path.join(tmpdir(), 'romana-check-'));
      await createBirdCheck({run, files: systemFiles, birdConf, confDir, stageDir, birdCommand})(files);
      return 'accepted';
    },
    readInput,
    async writeFile(file, content, mode) {
      await requireWritable(file);
      await systemFiles.replace(file, content, {mode});
    },
    write: output => process.stdout.write(output),
    warn: output => process.stderr.write(output),
    fail() {
      process.exitCode = 1;
    },
  };

  async function isInstalled(command: string): Promise<boolean> {
    try {
      await run(command, ['--version']);
      return true;
    } catch (error) {
      return error instanceof CommandFailedError && error.exitCode !== undefined;
    }
  }
}

function readConfig({romanaConfig}: TemplateFlags): Promise<Config> {
  return loadConfig({...(romanaConfig !== undefined && {config: romanaConfig})});
}

async function readSource({data, socket}: TemplateFlags, agentSocket: string): Promise<TemplateSource> {
  if (data !== undefined) return parseTemplateData(await readInput(data), data === '-' ? 'standard input' : data);
  const asked = socket ?? agentSocket;
  const answer = await fetchTemplateData(asked).catch((error: unknown) => {
    const ways = 'start the agent of this host, or say with --data FILE what to render with (JSON; see templates/README.md)';
    throw new InputError('ERR_NO_TEMPLATE_DATA', `there is nothing to render with: ${messageOf(error)}: ${ways}`, {cause: error});
  });
  return parseTemplateData(answer, `the answer of the agent at ${asked}`);
}

/** Replacing makes missing folders, which here would be a slip of the pen, and takes the place of whatever there is, also of /dev/null. */
async function requireWritable(file: string): Promise<void> {
  const folder = path.dirname(path.resolve(file));
  if ((await systemFiles.kindOf(folder)) !== 'folder')
    throw new InputError('ERR_OUTPUT_FILE', `cannot write ${file}: there is no folder ${folder}`);
  const present = await systemFiles.kindOf(file);
  if (present === 'folder') throw new InputError('ERR_OUTPUT_FILE', `cannot write ${file}: it is a folder`);
  if (present === 'other') throw new InputError('ERR_OUTPUT_FILE', `cannot write ${file}: it is no regular file`);
}

async function readInput(file: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new InputError('ERR_INPUT_FILE', `cannot read ${file}: ${messageOf(error)}`, {cause: error});
  }
}
