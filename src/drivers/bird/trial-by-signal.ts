import type {Address} from '../../core/prefix.ts';
import type {Clock} from '../../system/clock.ts';
import type {FileSystem} from '../../system/file-system.ts';
import type {BirdProcess} from './bird-process.ts';
import type {RefusedTrial, UndoneTrial} from './trial.ts';

export interface SignalTrialOptions {
  readonly pid: number;
  /** Makes the new files live. */
  install(): Promise<void>;
  /** Puts the old ones back. */
  restore(): Promise<void>;
  /** BIRD's log, where it writes one to a file. */
  readonly logFile: string | undefined;
  /** 0: what BIRD makes of the signal is not looked at. */
  readonly timeoutSeconds: number;
  readonly observeMs: number;
  /** Whether a neighbour is to be there after the change, too. */
  stays(neighbour: Address): boolean;
  onWaiting(waitingFor: readonly string[]): void;
}

/** `neighbours`: those to which there is a BGP connection now. */
export type SignalTrialResult = {readonly how: 'confirmed'; readonly neighbours: ReadonlySet<Address>} | RefusedTrial | UndoneTrial;

export interface SignalTrialParts {
  readonly files: Pick<FileSystem, 'readFrom' | 'sizeOf'>;
  readonly bird: BirdProcess;
  readonly clock: Clock;
}

const returnMs = 15_000;

/**
 * The trial where BIRD has no control socket: SIGHUP, then what can be seen from outside: what BIRD writes into its log, and which BGP connections are
 * established. BIRD does not go back by itself here, and OSPF cannot be seen.
 */
export function createSignalTrial({files, bird, clock}: SignalTrialParts): (options: SignalTrialOptions) => Promise<SignalTrialResult> {
  return async ({pid, install, restore, logFile, timeoutSeconds, observeMs, stays, onWaiting}) => {
    const before = await bird.readNeighbours(pid);
    const staying = [...before].filter(stays);
    const logSize = logFile === undefined ? 0 : await files.sizeOf(logFile);
    // Files that nobody has tried must not lie there for the next start of a BIRD that is not there.
    await bird.untilIdle(pid);
    await install();
    try {
      await bird.reload(pid);
    } catch (error) {
      await restore();
      throw error;
    }
    const message = logFile === undefined ? undefined : refusalIn(await files.readFrom(logFile, logSize));
    if (message !== undefined) {
      await restore();
      // BIRD still runs with the old files; reading them again makes sure that it and the disk agree.
      await bird.reload(pid);
      return {how: 'refused', message};
    }
    const missing = timeoutSeconds === 0 ? [] : await watch(staying, timeoutSeconds * 1000, observeMs);
    if (missing.length === 0) return {how: 'confirmed', neighbours: await bird.readNeighbours(pid)};
    onWaiting(['the old configuration to come back']);
    await restore();
    await bird.reload(pid);
    const isOurFault = (await watch([...before], returnMs, 0)).length === 0;
    return {how: 'undone', reason: `no BGP connection any more to ${missing.join(', ')}`, isOurFault};

    /** The neighbours that have not come back within the time; until all are there, and have been for a while. */
    async function watch(wanted: readonly Address[], withinMs: number, steadyMs: number): Promise<Address[]> {
      if (wanted.length === 0) return [];
      const deadline = clock.now() + withinMs;
      let goodSince: number | undefined;
      for (;;) {
        const now = await bird.readNeighbours(pid);
        const lost = wanted.filter(address => !now.has(address));
        goodSince = lost.length > 0 ? undefined : (goodSince ?? clock.now());
        if (goodSince !== undefined && clock.now() - goodSince >= steadyMs) return [];
        if (clock.now() >= deadline) return lost;
        onWaiting(lost.map(address => `the BGP connection to ${address}`));
        await clock.sleep(100);
      }
    }
  };
}

/** What BIRD's log says after a SIGHUP whose files it did not take. */
function refusalIn(log: string): string | undefined {
  const lines = log.split('\n').map(line => line.replace(/^.*?<[A-Z]+> /, ''));
  if (lines.some(line => /^Reconfigur(?:ed|ing)\b/.test(line))) return undefined;
  return lines.find(line => /^\S+:\d+:\d+ |^Unable to open|: No such file/.test(line));
}
