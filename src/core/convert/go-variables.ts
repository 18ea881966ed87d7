/** Our variables, and for lists and maps what each item has: nothing for plain text. */
const variables: Readonly<Record<string, readonly string[] | undefined>> = {
  ...{Networks: [], Networks4: [], Networks6: [], Vips: [], VipPool: [], VipPool4: [], VipPool6: []},
  HostGroups: ['CIDR', 'Name', 'Path', 'Hosts'],
  Blocks: ['CIDR', 'Tenant', 'Segment', 'Network', 'Count'],
  ...{Hostname: undefined, NodeIP: undefined, NodeIP4: undefined, NodeIP6: undefined, NodeNetwork: undefined},
  ...{NodePrefixLength: undefined, LocalAS: undefined, Tags: undefined, Vars: undefined, Draining: undefined},
};

/** What the original's publisher was told by flags is now set by the operator, and may be missing. */
const optionalNames: Readonly<Record<string, string>> = {NeighborIP: 'neighbor', NeighborAS: 'neighborAs', Debug: 'debug'};

export interface RootName {
  readonly path: readonly string[];
  readonly isOptional: boolean;
  readonly problem: string | undefined;
}

/** Our name of a variable of the original: `.Args.HostGroups` is HostGroups, `.NeighborIP` is Vars.neighbor. */
export function rootName(path: readonly string[]): RootName {
  const [name, ...rest] = path[0] === 'Args' ? path.slice(1) : path;
  if (name === undefined) return {path: [], isOptional: false, problem: undefined};
  const optional = Object.hasOwn(optionalNames, name) ? optionalNames[name] : undefined;
  if (optional !== undefined) return {path: ['Vars', optional, ...rest], isOptional: rest.length === 0, problem: undefined};
  const problem = Object.hasOwn(variables, name)
    ? undefined
    : `there is no variable "${name}": set it under publish.vars and write Vars.${name}, or see the variables in templates/README.md`;
  return {path: [name, ...rest], isOptional: false, problem};
}

export function fieldsOfItems(name: string): readonly string[] | undefined {
  return Object.hasOwn(variables, name) ? variables[name] : undefined;
}
