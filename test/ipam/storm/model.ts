// What clients may expect of the things that they ask for. Each thing has one client that changes it, one request after the other, while others look on.

/** What a thing may be, over time. */
export interface Timeline<State> {
  /** From that moment on it may be any of these. */
  set(at: number, states: readonly State[]): void;
  /** What it may have been at some moment between these two, both included. */
  between(from: number, to: number): readonly State[];
  now(): readonly State[];
}

export function createTimeline<State>(first: State): Timeline<State> {
  const spans: {readonly from: number; readonly states: readonly State[]}[] = [{from: 0, states: [first]}];
  return {
    set: (at, states) => void spans.push({from: at, states}),
    between(from, to) {
      const later = spans.slice(spans.findLastIndex(span => span.from <= from));
      return [...new Set(later.filter(span => span.from <= to).flatMap(({states}) => states))];
    },
    now: () => spans.at(-1)?.states ?? [],
  };
}

export type HostState = 'absent' | 'up' | 'drained';

export const anyHostState: readonly HostState[] = ['absent', 'up', 'drained'];

export interface HostModel {
  readonly name: string;
  readonly state: Timeline<HostState>;
  /** When it was asked to be removed: what it held may be gone from then on, and is once that was done. */
  readonly removals: {readonly from: number; to: number; isDone: boolean}[];
  /** It has, or had, a small prefix to itself. */
  isSmall: boolean;
}

/** An address that a client was told of, by an answer that came between these two. */
export interface Holding {
  readonly ip: string;
  readonly host: string;
  readonly from: number;
  readonly to: number;
}

export type NameState = Holding | 'none' | 'unknown';

/** Begins the names that all clients ask for at once, so that none can know anything of them. */
export const shared = 'shared-';

const unknowable: Timeline<NameState> = {set: () => undefined, between: () => ['unknown'], now: () => ['unknown']};

/** The address of one family that a name has. */
export interface NameModel {
  readonly name: string;
  readonly state: Timeline<NameState>;
}

export interface Model {
  readonly hosts: ReadonlyMap<string, HostModel>;
  readonly names: Iterable<NameModel>;
  host(name: string): HostModel;
  /** The two families of a name, IPv4 first. */
  name(name: string): readonly [NameModel, NameModel];
  /** The same states, with what may have become of them by removals of hosts until some moment between these two. */
  aged(states: readonly NameState[], from: number, to: number): readonly NameState[];
  /** True when a name is known to have had that address, and no other, all the time between these two. */
  isHeld(name: NameModel, holding: Holding, from: number, to: number): boolean;
  /** Who was told last that it has an IP. */
  readonly holders: Map<string, {readonly name: NameModel; readonly holding: Holding}>;
}

export function createModel(): Model {
  const hosts = new Map<string, HostModel>();
  const names = new Map<string, readonly [NameModel, NameModel]>();
  const host = (name: string) => {
    const known = hosts.get(name) ?? {name, state: createTimeline<HostState>('absent'), removals: [], isSmall: false};
    hosts.set(name, known);
    return known;
  };
  const aged = (states: readonly NameState[], from: number, to: number) => {
    const possible = states.flatMap((state): NameState[] => {
      if (typeof state !== 'object') return [state];
      const removals = host(state.host).removals.filter(removal => removal.to >= state.from && removal.from <= to);
      const isGone = removals.some(removal => removal.isDone && removal.from > state.to && removal.to < from);
      return [...(removals.length > 0 ? (['none'] as const) : []), ...(isGone ? [] : [state])];
    });
    return [...new Set(possible)];
  };
  return {
    hosts,
    get names() {
      return [...names.values()].flat();
    },
    host,
    name(name) {
      const fresh = () => ({name, state: name.startsWith(shared) ? unknowable : createTimeline<NameState>('none')});
      const known = names.get(name) ?? ([fresh(), fresh()] as const);
      names.set(name, known);
      return known;
    },
    aged,
    isHeld({state}, holding, from, to) {
      const states = aged(state.between(from, to), from, to);
      return states.length === 1 && states[0] === holding;
    },
    holders: new Map(),
  };
}

export function show(states: readonly NameState[]): string {
  return states
    .map(state => (typeof state === 'object' ? `${state.ip} on ${state.host} (${state.from} to ${state.to})` : state))
    .join(' or ');
}
