import path from 'node:path';
import {InputError} from './errors.ts';
import {findTagsInStaticFile} from './naming-slips.ts';
import type {NodeState, PublishSettings, Self, TemplateFile} from './node-state.ts';
import {type TemplateData, templateData} from './publish.ts';
import {renderTemplate} from './template.ts';
import {chooseTemplate, missingTemplate, type TemplateName} from './template-choice.ts';
import {TemplateError} from './template-error.ts';
import {plainText} from './template-text.ts';

/** A file that BIRD reads. */
export interface BirdFile {
  readonly path: string;
  readonly text: string;
  /** The template that it comes from; '' where that is not known. */
  readonly source: string;
  /** The template's line of each line of the text, both from 1. Without it the lines are the same. */
  readonly lines?: () => readonly number[];
}

/** How every rendered file begins: by this it is known as ours. */
export const headerStart = '# Rendered by romana agent';

type Paths = Pick<PublishSettings, 'birdConf' | 'confDir'>;

/** What BIRD's files are made of. */
export interface BirdFilesInput {
  readonly self: Self;
  readonly publish: Paths & Pick<PublishSettings, 'templates'>;
  readonly templates: readonly TemplateFile[];
  readonly data: TemplateData;
}

/** What the files are made from, the prefixes apart: the two templates, and the variables that say who this host is and how it speaks. */
export interface BirdFrame {
  readonly birdConf: TemplateFile;
  readonly publisher: TemplateFile;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** BIRD's files on this host: bird.conf as the operator wrote it, publisher.conf rendered. Throws InputError when there is no template, or a wrong one. */
export function desiredBirdFiles(node: NodeState): BirdFile[] {
  const input = {...node, publish: node.settings.publish, data: templateData(node)};
  return [birdConfFile(input), publisherFile(input)];
}

/** The static bird.conf. Throws InputError when there is no template, or no file in its place. */
export function birdConfFile(input: Omit<BirdFilesInput, 'data'>): BirdFile {
  return staticFile(choose('bird.conf', input), input.publish);
}

/** The rendered publisher.conf, under its header line. Throws InputError when there is no template, or a wrong one. */
export function publisherFile(input: BirdFilesInput): BirdFile {
  return renderedFile(choose('publisher.conf', input), input.data, input.publish);
}

/** This host's templates and variables of today. Throws InputError when there is no template for it. */
export function frameOf(input: BirdFilesInput): BirdFrame {
  const names = Object.keys(input.data).filter(name => !ofToday.has(name));
  const variables = Object.fromEntries(names.map(name => [name, Reflect.get(input.data, name)]));
  return {birdConf: choose('bird.conf', input), publisher: choose('publisher.conf', input), variables};
}

/** The files that a frame gives for the prefixes of today. Throws TemplateError. */
export function birdFilesOf({birdConf, publisher, variables}: BirdFrame, data: TemplateData, paths: Paths): BirdFile[] {
  const {Networks, Networks4, Networks6, HostGroups, Vips, VipPool, VipPool4, VipPool6, Draining} = data;
  const prefixes = {Networks, Networks4, Networks6, HostGroups, Vips, VipPool, VipPool4, VipPool6, Draining};
  const all = {
    ...variables,
    ...prefixes,
    get Blocks() {
      return data.Blocks;
    },
  };
  return [staticFile(birdConf, paths), renderedFile(publisher, all, paths)];
}

/** What differs from day to day; all else says who this host is and how it speaks. */
const ofToday: ReadonlySet<string> = new Set([
  'Networks',
  'Networks4',
  'Networks6',
  'HostGroups',
  'Vips',
  'Vips4',
  'Vips6',
  'Blocks',
  'Draining',
]);

function staticFile({file, text: original}: TemplateFile, {birdConf}: Paths): BirdFile {
  const text = plainText(original);
  const fault = findTagsInStaticFile(file, text);
  if (fault !== undefined) throw new TemplateError(path.basename(file), file, {...fault, text: text.split('\n')[fault.line - 1] ?? ''});
  return {path: birdConf, text, source: file};
}

function renderedFile(template: TemplateFile, data: unknown, {confDir}: Paths): BirdFile {
  const {text, lines} = renderTemplate(template, data);
  const file = path.join(confDir, 'publisher.conf');
  return {path: file, text: `${headerLine(template)}\n${text}`, source: template.file, lines: () => [1, ...lines()]};
}

function headerLine({file}: TemplateFile): string {
  return `${headerStart} from ${file.replaceAll(/\s/g, ' ')}: edit that file, this one is overwritten.`;
}

function choose(name: TemplateName, {templates, publish, self}: Omit<BirdFilesInput, 'data'>): TemplateFile {
  const {file, candidates} = chooseTemplate(name, templates, self.addresses);
  // Another file in its place would be the wrong one for this host.
  if (file?.problem !== undefined) throw new InputError('ERR_TEMPLATE_FILE', `no template for ${name}: ${file.file} ${file.problem}`);
  if (file !== undefined) return file;
  const [first] = templates;
  const folder = publish.templates ?? (first === undefined ? 'the template folder' : path.dirname(first.file));
  throw new InputError('ERR_TEMPLATE_MISSING', missingTemplate(name, candidates, folder));
}
