import {messageOf} from '../core/errors.ts';
import type {CachedRecords} from '../store/cached-records.ts';
import type {MirrorListener} from '../store/mirror.ts';
import type {WatchEvent} from '../store/store.ts';
import type {Clock} from '../system/clock.ts';
import type {FileSystem} from '../system/file-system.ts';

export interface StateCacheOptions {
  readonly file: string;
  /** Where it is false nothing is read or written, and what is there goes as soon as the store has told something newer. */
  readonly isEnabled: boolean;
  readonly files: Pick<FileSystem, 'read' | 'replace' | 'remove' | 'kindOf'>;
  readonly clock: Clock;
  readonly log: {info(fields: object, message: string): void; warn(fields: object, message: string): void};
  /** Whether a record is worth keeping. */
  isCached(event: WatchEvent): boolean;
  render(cached: CachedRecords): string;
  /** Throws InputError for what cannot be used. */
  parse(text: string): CachedRecords;
  /** Whether what the store has told last is what it holds now. */
  isInTouch(): boolean;
  /** The store has told nothing so far: begin with this. */
  open(cached: CachedRecords): void;
}

/** Keeps what the store has told last in a file, so that a rebooted host can begin with it while the store is away. */
export interface StateCache extends MirrorListener {
  /** What was begun with; undefined once the store has told its own. */
  readonly inUse: CachedRecords | undefined;
  /** Opens with what is there if the store says nothing, then writes until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/** So long the store may take at the start before the file is used. */
const openAfterMs = 3000;
const lookMs = 1000;
const minIntervalMs = 5000;
/** So old the file's time may be while the store is in touch and nothing changes. */
const refreshMs = 600_000;

export function createStateCache({
  file,
  isEnabled,
  files,
  clock,
  log,
  isCached,
  render,
  parse,
  isInTouch,
  open,
}: StateCacheOptions): StateCache {
  let records = new Map<string, string>();
  let revision = 0;
  // A new listing, until it is whole.
  let listing: Map<string, string> | undefined;
  let written: CachedRecords | undefined;
  let isChanged = false;
  let triedAt = -Infinity;
  let hasFailed = false;
  let inUse: CachedRecords | undefined;
  const told = new AbortController();

  return {
    get inUse() {
      return inUse;
    },

    onReset() {
      listing = new Map();
    },

    onEvent(event) {
      const {key, value} = event;
      const target = listing ?? records;
      const kept = value !== undefined && isCached(event) ? value : undefined;
      if (target.get(key) === kept) return;
      if (kept === undefined) target.delete(key);
      else target.set(key, kept);
      if (target === records) isChanged = true;
    },

    onRevision(to) {
      revision = to;
      if (listing !== undefined) {
        isChanged ||= !isSame(listing, written?.records ?? records);
        records = listing;
        listing = undefined;
      }
      if (inUse !== undefined) log.info({revision}, 'the store has told its state, the cached one is done with');
      inUse = undefined;
      told.abort();
    },

    async run(signal) {
      if (isEnabled) await begin(signal);
      else await clock.sleep(Infinity, AbortSignal.any([signal, told.signal]));
      if (!isEnabled && told.signal.aborted) await forget();
      while (isEnabled && !signal.aborted) {
        if (isDue()) await write();
        await clock.sleep(lookMs, signal);
      }
      if (isEnabled && isChanged && told.signal.aborted) await write();
    },
  };

  async function begin(signal: AbortSignal): Promise<void> {
    try {
      const text = await files.read(file);
      if (text === undefined) return;
      written = parse(text);
    } catch (error) {
      log.warn({file, reason: messageOf(error)}, 'cached state cannot be used');
      return;
    }
    // What the store has told meanwhile was compared with nothing.
    if (told.signal.aborted) isChanged = !isSame(records, written.records);
    await clock.sleep(openAfterMs, AbortSignal.any([signal, told.signal]));
    if (signal.aborted || told.signal.aborted) return;
    inUse = written;
    const {revision: of, writtenAt} = written;
    const fields = {revision: of, writtenAt: new Date(writtenAt).toISOString(), file};
    log.warn(fields, 'the store says nothing, beginning with the cached state: what is missing is added, nothing is removed');
    open(written);
  }

  function isDue(): boolean {
    if (!told.signal.aborted) return false;
    const since = (at: number) => Math.abs(clock.now() - at);
    if (isChanged) return since(triedAt) >= minIntervalMs;
    return isInTouch() && since(written?.writtenAt ?? -Infinity) >= refreshMs && since(triedAt) >= minIntervalMs;
  }

  async function write(): Promise<void> {
    triedAt = clock.now();
    const cached = {revision, writtenAt: triedAt, records: new Map(records)};
    isChanged = false;
    try {
      await files.replace(file, render(cached), {mode: 0o600});
      written = cached;
      if (hasFailed) log.info({file}, 'state can be cached again');
      hasFailed = false;
    } catch (error) {
      isChanged = true;
      if (!hasFailed)
        log.warn(
          {file, reason: messageOf(error)},
          'state cannot be cached, will retry: a reboot without the store would begin with an older one',
        );
      hasFailed = true;
    }
  }

  /** What is not kept current any more must not be begun with later. */
  async function forget(): Promise<void> {
    try {
      if ((await files.kindOf(file)) === 'file') await files.remove(file);
    } catch (error) {
      log.warn({file, reason: messageOf(error)}, 'cached state cannot be removed');
    }
  }
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
