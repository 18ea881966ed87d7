import {type Address, fromNumber} from '../../core/prefix.ts';
import type {Clock} from '../../system/clock.ts';
import type {FileSystem} from '../../system/file-system.ts';
import {BirdNotRunningError} from './control-socket.ts';

/** BIRD where it has no control socket: a process that can be sent a signal, and looked at from outside. */
export interface BirdProcess {
  /** The process that the pid file names, if it lives and is BIRD. */
  find(): Promise<number | undefined>;
  /** Waits until BIRD has nothing to read any more. Rejects with BirdNotRunningError. */
  untilIdle(pid: number): Promise<void>;
  /** Sends SIGHUP and waits until BIRD has read its files. Rejects with BirdNotRunningError. */
  reload(pid: number): Promise<void>;
  /** The neighbours to which there is an established BGP connection. */
  readNeighbours(pid: number): Promise<ReadonlySet<Address>>;
}

export interface BirdProcessOptions {
  readonly files: Pick<FileSystem, 'read'>;
  readonly clock: Clock;
  readonly birdPidFile: string;
  readonly signal: (pid: number, name: 'SIGHUP') => void;
}

export function createBirdProcess({files, clock, birdPidFile, signal}: BirdProcessOptions): BirdProcess {
  return {
    async find() {
      const pid = Number((await files.read(birdPidFile))?.trim());
      if (!Number.isInteger(pid) || pid <= 1) return undefined;
      // The number may long belong to another program.
      const name = await files.read(`/proc/${pid}/comm`);
      if (name === undefined || !/^bird6?\n?$/.test(name)) return undefined;
      // One that was killed stays listed until whoever has started it takes notice.
      const [state = 'Z'] = processState(await files.read(`/proc/${pid}/stat`));
      return state === 'Z' ? undefined : pid;
    },

    untilIdle: waitUntilIdle,

    async reload(pid) {
      // BIRD drops a SIGHUP that comes while it works on the one before, ours or another's, and would go on with the old file for ever.
      await waitUntilIdle(pid);
      signal(pid, 'SIGHUP');
      await waitUntilIdle(pid);
    },

    async readNeighbours(pid) {
      const tables = await Promise.all(['tcp', 'tcp6'].map(table => files.read(`/proc/${pid}/net/${table}`)));
      return new Set(tables.flatMap(table => establishedNeighbours(table ?? '')));
    },
  };

  /** Until BIRD sleeps and has used no processor time for a while: a signal wakes it at once, and while it reads files it does not sleep. */
  async function waitUntilIdle(pid: number): Promise<void> {
    const deadline = clock.now() + longestReadMs;
    let last = '';
    for (let quiet = 0; quiet < quietLooks; ) {
      const [state = '', used = ''] = processState(await files.read(`/proc/${pid}/stat`));
      if (state === '' || state === 'Z') throw new BirdNotRunningError(`BIRD (process ${pid}) has ended`);
      quiet = state === 'S' && used === last ? quiet + 1 : 0;
      last = used;
      if (clock.now() > deadline) throw new Error(`BIRD (process ${pid}) is busy for more than ${longestReadMs / 1000} s`);
      if (quiet < quietLooks) await clock.sleep(lookMs);
    }
  }
}

/** The kernel counts processor time in steps of 10 ms. */
const lookMs = 12;
const quietLooks = 4;
const longestReadMs = 60_000;

/** State and used processor time of /proc/PID/stat (proc(5)); the name before them may hold spaces and parentheses. */
function processState(text: string | undefined): [state: string, used: string] | [] {
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields === undefined ? [] : [fields[0] ?? '', `${fields[11]} ${fields[12]}`];
}

const bgpPort = ':00B3';
const established = '01';

function establishedNeighbours(table: string): Address[] {
  return table.split('\n').flatMap(line => {
    const [, local = '', remote = '', state] = line.trim().split(/\s+/);
    const isBgp = local.endsWith(bgpPort) || remote.endsWith(bgpPort);
    return state === established && isBgp ? [parseHexAddress(remote.slice(0, remote.lastIndexOf(':')))] : [];
  });
}

/** The kernel writes an address in words of four bytes, each as a hexadecimal number of the machine's byte order. */
function parseHexAddress(hex: string): Address {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.map(word => (word.match(/../g) ?? []).toReversed().join(''));
  // A socket for IPv6 that talks IPv4 has an IPv4-mapped address (RFC 4291, section 2.5.5.2).
  const isMapped = bytes.length === 4 && /^0{20}ffff$/i.test(bytes.slice(0, 3).join(''));
  const number = BigInt(`0x${isMapped ? bytes[3] : bytes.join('')}`);
  return fromNumber(number, bytes.length === 1 || isMapped ? 'ipv4' : 'ipv6');
}
