import type {State} from '../core/state.ts';
import type {MirrorListener} from '../store/mirror.ts';
import type {RecordChange, Tables} from '../store/tables.ts';

export interface FollowOptions {
  readonly hostName: string;
  createTables(onChange: (change: RecordChange) => void): Tables;
  offer(state: State): void;
}

/** Turns what the store's watch says into whole states for the loop. Addresses of other hosts' endpoints do not concern this one. */
export function followStore({hostName, createTables, offer}: FollowOptions): MirrorListener {
  let isRelevant = false;
  const onChange = (change: RecordChange) => {
    if (change.kind !== 'address' || change.before?.host === hostName || change.after?.host === hostName) isRelevant = true;
  };
  let tables = createTables(onChange);
  return {
    onReset() {
      tables = createTables(onChange);
      isRelevant = true;
    },
    onEvent: event => tables.apply(event),
    onRevision(revision) {
      if (isRelevant) offer(tables.snapshot(revision));
      isRelevant = false;
    },
  };
}
