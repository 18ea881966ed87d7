import type {NodeState} from '../core/node-state.ts';
import type {BirdFilesStatus} from '../drivers/bird/bird-files.ts';
import type {BirdProtocol} from '../drivers/bird/protocols.ts';
import type {History, PassReport} from './history.ts';

/** What `romana agent status` shows, as JSON. Times are in milliseconds since 1970, ages in seconds. */
export interface AgentStatus {
  readonly host: string;
  readonly addresses: readonly string[];
  readonly version: string;
  readonly revision: number;
  readonly stateAgeSeconds: number;
  readonly pass: PassReport | undefined;
  /** What BIRD announces, by the last configuration that it accepted from this agent. */
  readonly announced: readonly string[];
  readonly bird: BirdReport | undefined;
}

export interface BirdReport {
  readonly isRunning: boolean;
  readonly sessions: readonly BirdProtocol[];
  readonly accepted: {readonly at: number; readonly how: string} | undefined;
  /** What is wanted is not what BIRD has accepted. */
  readonly isStale: boolean;
  readonly templates: readonly string[];
  readonly problem: Problem | undefined;
}

/** Why the wanted configuration is not live. */
export interface Problem {
  readonly reason: string;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly text: string | undefined;
}

export interface StatusOptions {
  readonly self: NodeState['self'];
  readonly version: string;
  readonly history: History;
  readonly announced: () => readonly string[];
  readonly mirror: () => {readonly revision: number; readonly ageMs: number};
  /** Undefined where publishing is off. */
  readonly bird: {status(): BirdFilesStatus; readonly name: string} | undefined;
  readSessions(): Promise<readonly BirdProtocol[] | undefined>;
}

/** Puts the status together; asks BIRD for its sessions. */
export async function readStatus({self, version, history, announced, mirror, bird, readSessions}: StatusOptions): Promise<AgentStatus> {
  const {revision, ageMs} = mirror();
  const sessions = bird && (await readSessions());
  return {
    host: self.name,
    addresses: self.addresses.map(({address, length}) => `${address}/${length}`),
    version,
    revision,
    stateAgeSeconds: ageMs / 1000,
    pass: history.last,
    announced: announced(),
    bird: bird && birdReport(bird.status(), history.errorOf(bird.name), isWaiting(bird.name, history.last), sessions),
  };
}

/** True for a driver with something to do that was held back. */
function isWaiting(driver: string, pass: PassReport | undefined): boolean {
  const report = pass?.drivers.find(({name}) => name === driver);
  return report?.heldBackBy !== undefined && report.changes > 0;
}

function birdReport(
  {accepted, chosen}: BirdFilesStatus,
  error: unknown,
  isHeldBack: boolean,
  sessions: readonly BirdProtocol[] | undefined,
): BirdReport {
  return {
    isRunning: sessions !== undefined,
    sessions: sessions ?? [],
    accepted: accepted && {at: accepted.at, how: accepted.how},
    isStale: error !== undefined || accepted === undefined || isHeldBack,
    templates: chosen,
    problem: error === undefined ? undefined : problemOf(error),
  };
}

/** Both a template that cannot be rendered and a file that BIRD refuses know where they are wrong. */
function problemOf(error: unknown): Problem {
  const fields: Readonly<Record<string, unknown>> = error instanceof Error ? {...error, message: error.message} : {message: String(error)};
  const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : undefined);
  const number = (name: string) => (typeof fields[name] === 'number' ? fields[name] : undefined);
  return {
    reason: text('reason') ?? text('message') ?? '',
    file: text('file'),
    line: number('line'),
    column: number('column'),
    text: text('text'),
  };
}
