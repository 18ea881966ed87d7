import type {State} from '../core/state.ts';
import type {MirrorListener} from '../store/mirror.ts';
import type {RecordChange, Tables} from '../store/tables.ts';

export interface FollowOptions {
  readonly hostName: string;
  createTables(onChange: (change: RecordChange) => void): Tables;
  offer(state: State): void;
  readonly vips?: VipListener;
}

/** Who follows the holders of VIPs. They are nobody else's concern, and change on their own. */
export interface VipListener {
  /** All that was told before is void. */
  onReset(): void;
  /** A VIP has another holder, or none any more; told of every change, however many a state brings at once. */
  onHolder(vip: string): void;
  /** Every new state, also where only holders have changed. */
  offer(state: State): void;
}

/** Turns what the store's watch says into whole states for the loop. Addresses of other hosts' endpoints do not concern this one. */
export function followStore({hostName, createTables, offer, vips}: FollowOptions): MirrorListener {
  let [isRelevant, hasOtherHolder] = [false, false];
  const onChange = (change: RecordChange) => {
    if (change.kind === 'vipHolder') {
      hasOtherHolder = true;
      vips?.onHolder(change.after?.vip ?? change.before?.vip ?? '');
      return;
    }
    if (change.kind !== 'address' || change.before?.host === hostName || change.after?.host === hostName) isRelevant = true;
  };
  let tables = createTables(onChange);
  return {
    onReset() {
      tables = createTables(onChange);
      isRelevant = true;
      vips?.onReset();
    },
    onEvent: event => tables.apply(event),
    onRevision(revision) {
      if (!isRelevant && !hasOtherHolder) return;
      const state = tables.snapshot(revision);
      if (isRelevant) offer(state);
      vips?.offer(state);
      [isRelevant, hasOtherHolder] = [false, false];
    },
  };
}
