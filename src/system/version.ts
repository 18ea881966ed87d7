import {readFileSync} from 'node:fs';

/** The version of this checkout or package. */
export const version: string = parseVersion(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

function parseVersion(text: string): string {
  const {version: found} = JSON.parse(text) as {version: string};
  return found;
}
