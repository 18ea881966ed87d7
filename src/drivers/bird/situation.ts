import type {BirdConfig} from '../../core/bird-config/model.ts';
import type {Clock} from '../../system/clock.ts';
import {type ProtocolStates, parseProtocolStates, upSessions} from './baseline.ts';
import type {BirdProcess} from './bird-process.ts';
import {isSameTime} from './bird-status.ts';
import {type Connection, connectToBird} from './connection.ts';
import type {BirdControl} from './control-socket.ts';
import type {LiveFiles, LiveState} from './live-files.ts';

/** What lies on disk, and how BIRD can be spoken to. */
export interface Situation extends LiveState {
  readonly connection: Connection;
}

export interface SituationParts {
  readonly live: LiveFiles;
  readonly control: BirdControl;
  readonly process: BirdProcess;
}

export async function readSituation({live, control, process}: SituationParts): Promise<Situation> {
  const [state, connection] = await Promise.all([live.read(), connectToBird(control, process)]);
  return {...state, connection};
}

/** True when BIRD runs with what lies on disk, and that is what it has accepted. */
export function runsAsAccepted({isAsAccepted, mark, connection}: Situation): boolean {
  if (!isAsAccepted || mark === undefined) return false;
  if (connection.how === 'socket') return mark.how === 'configured' && isSameTime(mark.configuredAt, connection.status.configuredAt);
  return mark.how !== 'installed';
}

/**
 * True when BIRD has another configuration than the last that it was seen to accept, whatever lies on disk: it was started anew, or others have been
 * there. Where it cannot be asked, it may have been told to read what lies there.
 */
export function runsAnother({mark, connection, isAsAccepted}: Situation): boolean {
  if (mark === undefined || connection.how === 'none') return false;
  if (connection.how === 'signal') return !isAsAccepted;
  return mark.how !== 'configured' || !isSameTime(mark.configuredAt, connection.status.configuredAt);
}

/** For so long after BIRD was found with a configuration that is not from here, sessions may still be coming up. */
const settleMs = 30_000;
const noteMs = 2000;

/** Remembers which sessions are up with what was accepted, in the mark: should BIRD be started anew, they must be there before something new is tried. */
export function createSettling({live, control}: Pick<SituationParts, 'live' | 'control'>, clock: Pick<Clock, 'now'>) {
  // A program before this one may have found BIRD so, and not have lived to see them come up.
  let until = clock.now() + settleMs;
  let noteAt = -Infinity;
  const readStates = async () => parseProtocolStates(await control.command('show protocols'));

  return {
    begin(): void {
      until = clock.now() + settleMs;
    },

    /** Looks now and then. */
    async note(situation: Situation): Promise<void> {
      if (situation.mark === undefined || situation.connection.how !== 'socket' || clock.now() < noteAt) return;
      noteAt = clock.now() + noteMs;
      await keep(await readStates(), situation);
    },
    keep,

    /** What is to be remembered as up with a new configuration: what is, and what was before and may still be coming up. */
    upWith({protocols}: Pick<BirdConfig, 'protocols'>, up: readonly string[]): readonly string[] {
      const coming = clock.now() < until ? (live.mark?.sessions ?? []) : [];
      return [...new Set([...up, ...coming.filter(name => protocols.get(name)?.isDisabled === false)])];
    },

    /** The sessions that still have to come up. */
    missing(up: readonly string[], {mark}: Situation): readonly string[] {
      if (mark === undefined || clock.now() >= until) return [];
      return mark.sessions.filter(name => !up.includes(name));
    },
  };

  async function keep(states: ProtocolStates, {connection}: Pick<Situation, 'connection'>): Promise<void> {
    const {mark} = live;
    if (mark === undefined || connection.how !== 'socket') return;
    const up = upSessions(states);
    const sessions = clock.now() < until ? [...new Set([...mark.sessions, ...up])] : up;
    if (sessions.toSorted().join() !== mark.sessions.toSorted().join()) await live.writeMark({...mark, sessions});
  }
}
