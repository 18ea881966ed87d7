import path from 'node:path';
import type {TemplateFile} from '../core/node-state.ts';
import type {FileSystem} from '../system/file-system.ts';

/** Every bird.conf* and publisher.conf* of the template folder, sorted by name. */
export async function readTemplates(files: Pick<FileSystem, 'readFolder'>, folder: string): Promise<TemplateFile[]> {
  const texts = await files.readFolder(folder);
  return [...texts]
    .filter(([name]) => /^(bird|publisher)\.conf/.test(name))
    .map(([name, text]) => ({file: path.join(folder, name), text}))
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}
