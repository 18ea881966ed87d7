import {InputError} from '../core/errors.ts';

/** The path of what has these names, "/tenants/shop/segments/web%20and%20mail". Throws InputError for a name that no path can hold. */
export function pathOf(...names: readonly string[]): string {
  return names.map(name => `/${encode(name)}`).join('');
}

/** "/blocks?host=host-1": without what is not given. */
export function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as [string, string]]));
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}

// A URL takes "." and ".." for steps, however they are written: DELETE /tenants/shop/segments/.. would be about the tenant.
function encode(name: string): string {
  if (name === '' || name === '.' || name === '..') {
    throw new InputError('ERR_USAGE', `cannot ask the daemon for the name ${JSON.stringify(name)}: no URL can hold it`);
  }
  return encodeURIComponent(name);
}
