import path from 'node:path';
import type {TemplateFile} from '../core/node-state.ts';
import type {FileSystem} from '../system/file-system.ts';

/** Every bird.conf* and publisher.conf* of the template folder, sorted by name; with its problem what has such a name and is no file. */
export async function readTemplates(files: Pick<FileSystem, 'readFolder' | 'readOthers'>, folder: string): Promise<TemplateFile[]> {
  const [texts, others] = await Promise.all([files.readFolder(folder), files.readOthers(folder)]);
  const known = [...texts].map(([name, text]) => ({name, text}));
  const unreadable = [...others]
    .filter(([name]) => !texts.has(name))
    .map(([name, words]) => ({name, text: '', problem: `is ${words}, not a file`}));
  return [...known, ...unreadable]
    .filter(({name}) => /^(bird|publisher)\.conf/.test(name))
    .map(({name, ...rest}) => ({file: path.join(folder, name), ...rest}))
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}
