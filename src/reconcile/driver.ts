import type {Identity, Plan} from './diff.ts';

/** One kind of thing that we own on this host: how to see it and how to change it. See src/drivers/README.md for who owns what. */
export interface Driver<Item> extends Identity<Item> {
  readonly name: string;
  /** True for what is the machine's own and only set by us: what is not wanted stays as it is. */
  readonly isPermanent?: boolean;
  /** The whole of an item in one line, for people; its key where that says it all. */
  show?(item: Item): string;
  /** Everything of ours that is there, and nothing else. */
  read(): Promise<readonly Item[]>;
  /** Makes the plan true in as few commands as can be; goes on after a failed item, then throws one error that names what failed: PartError where that is known. */
  apply(plan: Plan<Item>): Promise<void>;
  /** Whether an item that is to go may still serve in the place of one that could not be made. Only then it stays; without this all stay, once anything has failed. */
  standsFor?(old: Item, failed: Item): boolean;
}

/** Some items could not be created or changed, all others were. */
export class PartError<Item> extends Error {
  override readonly name = 'PartError';
  readonly failed: readonly Item[];

  constructor(message: string, failed: readonly Item[]) {
    super(message);
    this.failed = failed;
  }
}

/** What apply() was asked for is on its way, and it is not yet known how it ends. No failure: the driver asks for another pass when it knows. */
export class NotYetError extends Error {
  readonly code = 'ERR_NOT_YET';
  override readonly name = 'NotYetError';
}
