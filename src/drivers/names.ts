import {rm} from 'node:fs/promises';
import path from 'node:path';
import type {NameFile} from '../core/desired-names.ts';
import type {Driver} from '../reconcile/driver.ts';
import {readFileIfPresent, replaceFile} from '../system/files.ts';

const fileName = 'romana.conf';
const folders = ['rt_tables.d', 'rt_protos.d'] as const;

/** The drop-in files romana.conf that give our route table and protocol their names. */
export function createNames(iproute2 = '/etc/iproute2'): Driver<NameFile> {
  const fileIn = (folder: NameFile['folder']) => path.join(iproute2, folder, fileName);
  return {
    name: 'names',
    keyOf: ({folder}) => folder,
    isEqual: (a, b) => a.text === b.text,
    async read() {
      const files = await Promise.all(folders.map(async folder => ({folder, text: await readFileIfPresent(fileIn(folder))})));
      return files.flatMap(({folder, text}) => (text === undefined ? [] : [{folder, text}]));
    },
    async apply({create, update, remove}) {
      for (const {folder, text} of [...create, ...update]) await replaceFile(fileIn(folder), text);
      for (const {folder} of remove) await rm(fileIn(folder), {force: true});
    },
  };
}
