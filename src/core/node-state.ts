import type {DrainPhase} from './drain.ts';
import type {Address, InterfaceAddress, Prefix} from './prefix.ts';
import type {State} from './state.ts';

/** Everything that one pass of the agent decides from. The desired-* functions take it and nothing else. */
export interface NodeState {
  readonly self: Self;
  readonly settings: NodeSettings;
  /** What the store holds: the whole of it, never a part. */
  readonly state: State;
  /** The kernel's main route table, as read at the start of the pass. */
  readonly mainRoutes: readonly MainRoute[];
  /** Every file bird.conf* and publisher.conf* in the template folder. */
  readonly templates: readonly TemplateFile[];
  /** How far this host has been taken out of use, as far as neighbours are concerned. */
  readonly drain: DrainPhase;
}

/** This host. At most one address of each family, IPv4 first. */
export interface Self {
  readonly name: string;
  readonly addresses: readonly InterfaceAddress[];
}

export interface NodeSettings {
  readonly routes: RouteSettings;
  readonly publish: PublishSettings;
}

export interface RouteSettings {
  readonly enabled: boolean;
  readonly table: number;
  readonly multihop: boolean;
  readonly aggregate: boolean;
}

export interface PublishSettings {
  readonly enabled: boolean;
  /** The template folder, for errors that must name it when it is empty. */
  readonly templates?: string;
  /** Where the chosen bird.conf goes. */
  readonly birdConf: string;
  /** The folder where the rendered publisher.conf goes. */
  readonly confDir: string;
  readonly localAs: number;
  readonly prefixes: 'blocks' | 'aggregate' | 'groups';
  readonly vars: Readonly<Record<string, unknown>>;
  readonly confirm: {readonly timeoutSeconds: number};
  readonly guards: GuardSettings;
  readonly drain: {readonly timeoutSeconds: number};
}

/** The switch of each guard (core/publish-guards.ts). */
export interface GuardSettings {
  /** How many of the announced prefixes may go at once without the store having released them; 100 turns the guard off. */
  readonly maxWithdrawPercent: number;
  readonly allowDefaultRoute: boolean;
  readonly allowForeign: boolean;
  readonly allowEmpty: boolean;
  readonly allowNoPeers: boolean;
  /** Silences the warning about "import all" and "export all" on external sessions. */
  readonly allowOpenFilters: boolean;
}

/** A unicast route of the main table. Without `via` the destination is on the link itself. */
export interface MainRoute {
  readonly to: Prefix;
  readonly via?: Address;
  readonly dev: string;
  readonly metric: number;
}

/** A file of the template folder; `file` is its whole path. */
export interface TemplateFile {
  readonly file: string;
  readonly text: string;
  /** Why there is no text, as in "is a folder, not a file": its name is taken by something else. */
  readonly problem?: string;
}
