import path from 'node:path';
import type {NameFile} from '../core/desired-names.ts';
import type {Driver} from '../reconcile/driver.ts';
import type {FileSystem} from '../system/file-system.ts';

const fileName = 'romana.conf';
const folders = ['rt_tables.d', 'rt_protos.d'] as const;

/** The drop-in files romana.conf that give our route table and protocol their names. */
export function createNames(files: FileSystem, iproute2 = '/etc/iproute2'): Driver<NameFile> {
  const fileIn = (folder: NameFile['folder']) => path.join(iproute2, folder, fileName);
  return {
    name: 'names',
    keyOf: ({folder}) => folder,
    show: ({folder, text}) => `${fileIn(folder)}: ${text.trim()}`,
    isEqual: (a, b) => a.text === b.text,
    async read() {
      const found = await Promise.all(folders.map(async folder => ({folder, text: await files.read(fileIn(folder))})));
      return found.flatMap(({folder, text}) => (text === undefined ? [] : [{folder, text}]));
    },
    async apply({create, update, remove}) {
      for (const {folder, text} of [...create, ...update]) await files.replace(fileIn(folder), text, {mode: 0o644});
      for (const {folder} of remove) await files.remove(fileIn(folder));
    },
  };
}
