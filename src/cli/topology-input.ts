import {InputError, messageOf} from '../core/errors.ts';

/** The JSON of a topology document; `source` is where it comes from. Throws InputError ERR_MALFORMED. */
export function parseDocument(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError('ERR_MALFORMED', `cannot read the topology in ${source}: ${messageOf(error)}`, {cause: error});
  }
}
