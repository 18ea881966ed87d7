import path from 'node:path';
import {InputError} from './errors.ts';
import type {NodeState, PublishSettings, Self, TemplateFile} from './node-state.ts';
import {type TemplateData, templateData} from './publish.ts';
import {renderTemplate} from './template.ts';
import {chooseTemplate, type TemplateName} from './template-choice.ts';
import {TemplateError} from './template-error.ts';

/** A file that BIRD reads. */
export interface BirdFile {
  readonly path: string;
  readonly text: string;
  /** The template that it comes from; '' where that is not known. */
  readonly source: string;
  /** The template's line of each line of the text, both from 1. Without it the lines are the same. */
  readonly lines?: readonly number[];
  /** Only on files read from the machine: whether BIRD has accepted the set that this file belongs to. */
  readonly isAccepted?: boolean;
}

/** How every rendered file begins: by this it is known as ours. */
export const headerStart = '# Rendered by romana agent';

/** What BIRD's files are made of. */
export interface BirdFilesInput {
  readonly self: Self;
  readonly publish: Pick<PublishSettings, 'birdConf' | 'confDir' | 'templates'>;
  readonly templates: readonly TemplateFile[];
  readonly data: TemplateData;
}

/** BIRD's files on this host: bird.conf as the operator wrote it, publisher.conf rendered. Throws InputError when there is no template, or a wrong one. */
export function desiredBirdFiles(node: NodeState): BirdFile[] {
  const input = {...node, publish: node.settings.publish, data: templateData(node)};
  return [birdConfFile(input), publisherFile(input)];
}

/** The static bird.conf. Throws InputError when there is no template. */
export function birdConfFile(input: Omit<BirdFilesInput, 'data'>): BirdFile {
  const {file, text} = choose('bird.conf', input);
  return {path: input.publish.birdConf, text, source: file};
}

/** The rendered publisher.conf, under its header line. Throws InputError when there is no template, or a wrong one. */
export function publisherFile(input: BirdFilesInput): BirdFile {
  const template = choose('publisher.conf', input);
  const {text, lines} = renderTemplate(template, input.data);
  // BIRD would take such a file, and withdraw everything.
  if (input.data.Networks.length > 0 && !/^\s*[^#\s]/m.test(text)) {
    throw new TemplateError(path.basename(template.file), template.file, {
      line: 1,
      column: 1,
      reason: 'it renders to nothing that BIRD would read',
      text: '',
    });
  }
  const file = path.join(input.publish.confDir, 'publisher.conf');
  return {path: file, text: `${headerLine(template)}\n${text}`, source: template.file, lines: [1, ...lines]};
}

function headerLine({file}: TemplateFile): string {
  return `${headerStart} from ${file.replaceAll(/\s/g, ' ')}: edit that file, this one is overwritten.`;
}

function choose(name: TemplateName, {templates, publish, self}: Omit<BirdFilesInput, 'data'>): TemplateFile {
  const {file, candidates} = chooseTemplate(name, templates, self.addresses);
  if (file !== undefined) return file;
  const [first] = templates;
  const folder = publish.templates ?? (first === undefined ? 'the template folder' : path.dirname(first.file));
  throw new InputError('ERR_TEMPLATE_MISSING', `no template for ${name}: none of ${candidates.join(', ')} in ${folder}`);
}
