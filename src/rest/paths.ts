/** The path of a route as the router wants it: "/hosts/:name", and "*" for a rest of any length. */
export function routerPath(path: string): string {
  return path.replace(restPattern, '*').replaceAll(/\{(\w+)\}/g, ':$1');
}

/** The path of a route as OpenAPI writes it. */
export function documentPath(path: string): string {
  return path.replace(restPattern, '{$1}');
}

/** What the router found for each name in the path; it calls the rest "*". */
export function namedParams(path: string, params: unknown): Record<string, unknown> {
  const {'*': rest, ...named}: Record<string, unknown> = {...(params ?? {})};
  const name = restPattern.exec(path)?.[1];
  return name === undefined ? named : {...named, [name]: rest};
}

const restPattern = /\{\+(\w+)\}$/;
