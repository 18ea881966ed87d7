import type {Command} from 'commander';

/** What blocks and addresses may be chosen by. */
export type OwnerFilter = Partial<Record<(typeof fields)[number], string>>;

const fields = ['host', 'network', 'tenant', 'segment'] as const;

export function addOwnerFilter(verb: Command): Command {
  return fields.reduce((command, field) => command.option(`--${field} <name>`, `only those of a ${field}`), verb);
}

/** True for what belongs to all that the filter names. */
export function isOwnedBy(owned: Readonly<Record<(typeof fields)[number], string>>, filter: OwnerFilter): boolean {
  return fields.every(field => filter[field] === undefined || owned[field] === filter[field]);
}
