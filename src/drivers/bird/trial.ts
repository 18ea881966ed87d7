import type {Clock} from '../../system/clock.ts';
import {type Baseline, hopelessIn, missingFrom, type ProtocolStates, parseProtocolStates} from './baseline.ts';
import {type BirdStatus, isSameTime, readBirdStatus} from './bird-status.ts';
import type {Configure} from './configure.ts';
import {type BirdControl, BirdControlError} from './control-socket.ts';
import {readSilence} from './silence.ts';

/** How BIRD took a new configuration. */
export type TrialResult = {readonly how: 'confirmed'; readonly seen?: Seen} | RefusedTrial | UndoneTrial;

export interface RefusedTrial {
  readonly how: 'refused';
  readonly message: string;
}

/** Taken back: what was up before did not come up again. Without `isOurFault` it did not come back with the old configuration either, and nobody says why. */
export interface UndoneTrial {
  readonly how: 'undone';
  readonly reason: string;
  readonly isOurFault: boolean;
}

/** BIRD as it was when it was confirmed. */
export interface Seen {
  readonly configuredAt: string;
  readonly states: ProtocolStates;
}

export interface TrialOptions {
  /** The file that BIRD shall read. */
  readonly file: string;
  readonly baseline: Baseline;
  /** Nothing is confirmed before it; where it rejects, so does the trial. */
  readonly approval: Promise<void>;
  /** How long BIRD waits for the confirmation before it goes back by itself. */
  readonly timeoutSeconds: number;
  /** How long everything must have been up without a break. */
  readonly observeMs: number;
  /** Whether the neighbours of OSPF must have been heard of lately. */
  readonly hearsOspf: boolean;
  /** Told now and then what it still waits for. */
  onWaiting(waitingFor: readonly string[]): void;
}

export interface TrialParts {
  readonly control: BirdControl;
  readonly configure: Configure;
  readonly clock: Clock;
}

/** From when on BIRD may undo by itself, we do not wait any more. */
const marginMs = 500;
const returnMs = 15_000;
const restartAfterMs = 3000;

/**
 * Commit-confirmed: lets BIRD run with a file for a while, and confirms it only when all that was up before is up again; else takes it back. Should
 * this program die on the way, BIRD takes it back by itself.
 */
export function createTrial({control, configure, clock}: TrialParts): (options: TrialOptions) => Promise<TrialResult> {
  return async options => {
    const {file, timeoutSeconds, baseline, approval, onWaiting} = options;
    const start = clock.now();
    const loaded = await configure.load(file, timeoutSeconds);
    if (loaded.isRefused) {
      await approval;
      return {how: 'refused', message: loaded.message};
    }
    const tried = readBirdStatus(control);
    const deadline = start + Math.max(timeoutSeconds * 1000 - marginMs, timeoutSeconds * 500);
    const [{configuredAt}, {reason, isCertain, states}] = await Promise.all([tried, watch(options, deadline, tried)]);
    if (reason === undefined) {
      await approval.catch(async (error: unknown) => {
        await configure.undo();
        throw error;
      });
      if (!(await configure.confirm())) throw broken();
      return {how: 'confirmed', seen: {configuredAt, states}};
    }
    onWaiting(['the old configuration to come back']);
    // Undoing twice would bring the new configuration back.
    if (await runsStill(configuredAt)) await configure.undo();
    else if (clock.now() < start + timeoutSeconds * 1000) throw broken();
    // A neighbour that has refused us may not talk to us for longer than we wait for it here.
    return {how: 'undone', reason, isOurFault: (await comesBack(baseline)) || isCertain === true};
  };

  /** Why the configuration cannot stay, without a reason when all is well; whether that is beyond doubt; and how the protocols were then. */
  async function watch(
    {baseline, observeMs, hearsOspf, onWaiting}: TrialOptions,
    deadline: number,
    tried: Promise<BirdStatus>,
  ): Promise<{reason?: string; isCertain?: boolean; states: ProtocolStates}> {
    let goodSince: number | undefined;
    for (let pause = 5; ; pause = Math.min(pause * 2, 200)) {
      const states = await readStates();
      let missing = missingFrom(baseline, states);
      const isOver = clock.now() >= deadline;
      goodSince = missing.length > 0 ? undefined : (goodSince ?? clock.now());
      if (goodSince !== undefined && (isOver || clock.now() - goodSince >= observeMs)) {
        if (hearsOspf) missing = await readSilence(control, states);
        if (missing.length === 0) return {states};
      }
      // Where protocols are gone that are in the file, BIRD runs with another one, even if that was loaded before we could see when ours was.
      const gone = baseline.up.filter(name => !states.has(name));
      const isOther =
        gone.some(name => baseline.before.includes(name)) || (gone.length > 0 && !(await runsStill((await tried).configuredAt)));
      if (isOther) throw broken();
      const lost = hopelessIn(baseline, states);
      if (lost !== undefined) return {reason: lost, isCertain: true, states};
      if (isOver) return {reason: missing.join('; '), states};
      onWaiting(missing);
      await clock.sleep(Math.max(1, Math.min(pause, deadline - clock.now())));
    }
  }

  async function runsStill(configuredAt: string): Promise<boolean> {
    return isSameTime((await readBirdStatus(control)).configuredAt, configuredAt);
  }

  /** True when all that was up is up again with the old configuration. Sessions are started anew, since they may wait long after an error. */
  async function comesBack({before}: Baseline): Promise<boolean> {
    const start = clock.now();
    let restartAt = start + restartAfterMs;
    for (;;) {
      const states = await readStates();
      const missing = before.filter(name => states.get(name)?.isUp !== true);
      if (missing.length === 0) return true;
      if (clock.now() - start > returnMs) return false;
      if (clock.now() >= restartAt) {
        for (const name of missing) if (states.has(name)) await control.command(`restart "${name}"`);
        restartAt = clock.now() + restartAfterMs * 2;
      }
      await clock.sleep(200);
    }
  }

  async function readStates(): Promise<ProtocolStates> {
    return parseProtocolStates(await control.command('show protocols all'));
  }
}

function broken(): BirdControlError {
  return new BirdControlError('BIRD was restarted, or configured by somebody else, while the new configuration was on trial');
}
