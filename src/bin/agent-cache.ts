import path from 'node:path';
import {createStateCache, type StateCache} from '../agent/state-cache.ts';
import type {Config} from '../config/schema.ts';
import type {State} from '../core/state.ts';
import {isCached, parseCachedRecords, renderCachedRecords} from '../store/cached-records.ts';
import type {Keys} from '../store/keys.ts';
import type {Mirror, MirrorListener} from '../store/mirror.ts';
import type {Tables} from '../store/tables.ts';
import type {Clock} from '../system/clock.ts';
import {systemFiles} from '../system/file-system.ts';
import type {Logger} from '../system/log.ts';

export interface AgentCacheOptions {
  readonly config: Pick<Config, 'agent' | 'etcd'>;
  readonly hostName: string;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly log: Logger;
  readonly mirror: () => Pick<Mirror, 'ageMs'>;
  createTables(): Pick<Tables, 'apply' | 'snapshot'>;
  /** Begins with the cached state. */
  offer(state: State): void;
}

/** The cache of the store's state on this host, in the records of the store itself. */
export function createAgentCache({config, hostName, keys, clock, log, mirror, createTables, offer}: AgentCacheOptions): StateCache {
  const {cache, stateDir} = config.agent;
  const owner = {prefix: config.etcd.prefix, host: hostName};
  return createStateCache({
    file: cache.file ?? path.join(stateDir, 'state.json'),
    isEnabled: cache.enabled,
    files: systemFiles,
    clock,
    log,
    isCached: event => isCached(keys, hostName, event),
    render: records => renderCachedRecords(owner, records),
    parse: text => parseCachedRecords(owner, text),
    isInTouch: () => mirror().ageMs === 0,
    open({records, revision}) {
      const tables = createTables();
      for (const [key, value] of records) tables.apply({key, value, modRevision: revision});
      offer(tables.snapshot(revision));
    },
  });
}

/** Both are told everything, the first one first. */
export function tellBoth(first: MirrorListener, second: MirrorListener): MirrorListener {
  return {
    onReset() {
      first.onReset();
      second.onReset();
    },
    onEvent(event) {
      first.onEvent(event);
      second.onEvent(event);
    },
    onRevision(revision) {
      first.onRevision(revision);
      second.onRevision(revision);
    },
  };
}
