import path from 'node:path';
import {InputError} from './errors.ts';
import type {NodeState, TemplateFile} from './node-state.ts';
import {templateData} from './publish.ts';
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

/** BIRD's files on this host: bird.conf as the operator wrote it, publisher.conf rendered. Throws InputError when there is no template, or a wrong one. */
export function desiredBirdFiles(node: NodeState): BirdFile[] {
  const {birdConf, confDir} = node.settings.publish;
  const staticFile = choose('bird.conf', node);
  const template = choose('publisher.conf', node);
  const data = templateData(node);
  const {text, lines} = renderTemplate(template, data);
  // BIRD would take such a file, and withdraw everything.
  if (data.Networks.length > 0 && !/^\s*[^#\s]/m.test(text)) {
    throw new TemplateError(path.basename(template.file), template.file, {
      line: 1,
      column: 1,
      reason: 'it renders to nothing that BIRD would read',
    });
  }
  return [
    {path: birdConf, text: staticFile.text, source: staticFile.file},
    {path: path.join(confDir, 'publisher.conf'), text: `${headerLine(template)}\n${text}`, source: template.file, lines: [1, ...lines]},
  ];
}

function headerLine({file}: TemplateFile): string {
  return `${headerStart} from ${file.replaceAll(/\s/g, ' ')}: edit that file, this one is overwritten.`;
}

function choose(name: TemplateName, {templates, settings: {publish}, self}: NodeState): TemplateFile {
  const {file, candidates} = chooseTemplate(name, templates, self.addresses);
  if (file !== undefined) return file;
  const [first] = templates;
  const folder = publish.templates ?? (first === undefined ? 'the template folder' : path.dirname(first.file));
  throw new InputError('ERR_TEMPLATE_MISSING', `no template for ${name}: none of ${candidates.join(', ')} in ${folder}`);
}
