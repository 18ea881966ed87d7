/** What the guards look for. Each is a file of this folder, but for `nothing-announced` (naming slips) and `neighbour-as`, for which BIRD is asked. */
export type GuardName = 'empty' | 'withdraw' | 'peers' | 'foreign' | 'default-route' | 'open-filter' | 'nothing-announced' | 'neighbour-as';

/** What a guard has against a configuration. The reason says what, how much, and which switch lets it pass. */
export interface GuardFinding {
  readonly guard: GuardName;
  readonly level: 'refuse' | 'warn';
  readonly reason: string;
  readonly file?: string;
  /** Counts from 1. */
  readonly line?: number;
}

/** The first few of a list, and how many more there are. */
export function firstFew(items: readonly string[], most = 5): string {
  const rest = items.length - most;
  return rest > 1 ? `${items.slice(0, most).join(', ')} and ${rest} more` : items.join(', ');
}

/** "1 prefix", "2 prefixes". */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
