import {readFile} from 'node:fs/promises';
import {InputError, messageOf} from '../core/errors.ts';

/** Reads a file that a setting names; throws InputError that names the setting. */
export async function readNamed(setting: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new InputError('ERR_CONFIG', `${setting}: got ${JSON.stringify(file)}: ${messageOf(error)}`, {cause: error});
  }
}
