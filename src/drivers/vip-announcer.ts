import type {VipAddress} from '../core/desired-vips.ts';
import {type Family, familyOf} from '../core/prefix.ts';
import type {Clock} from '../system/clock.ts';
import type {Run} from '../system/run.ts';

export interface VipAnnouncerOptions {
  /** Runs several commands at a time: one of them takes a second. */
  readonly run: Run;
  readonly clock: Pick<Clock, 'sleep'>;
  /** Nothing more is sent once it aborts. */
  readonly signal?: AbortSignal;
  /** A program that is needed is not installed. Told once for each. */
  onMissing(program: string, debianPackage: string): void;
}

export interface VipAnnouncer {
  /** Tells the neighbours on the segment, three times within a second, for as long as the address is said to be there. Waits for nothing. */
  announce(addresses: readonly VipAddress[], isThere: (address: VipAddress) => boolean): void;
}

/** Has the neighbours on the segment replace the hardware address that they remember of a VIP: gratuitous ARP, unsolicited neighbour advertisement. */
export function createVipAnnouncer({run, clock, signal, onMissing}: VipAnnouncerOptions): VipAnnouncer {
  const missing = new Set<string>();

  const send = async (family: Family, addresses: readonly VipAddress[]) => {
    const {program, debianPackage, command} = programs[family];
    const words = addresses.filter(({ip}) => familyOf(ip) === family).flatMap(({ip, dev}) => [dev, ip]);
    if (words.length === 0) return;
    const script = `command -v ${program} >/dev/null || exit ${notFound}; while [ $# -gt 0 ]; do ${command} & shift 2; done; wait`;
    await run('sh', ['-c', script, 'sh', ...words]).catch((error: unknown) => {
      if (!isNotFound(error) || missing.has(program)) return;
      missing.add(program);
      onMissing(program, debianPackage);
    });
  };

  const announce: VipAnnouncer['announce'] = async (addresses, isThere) => {
    // Nobody is on the far side of a loopback.
    const outward = addresses.filter(({dev}) => dev !== 'lo');
    if (outward.length === 0) return;
    for (const pauseMs of pausesMs) {
      await clock.sleep(pauseMs, signal);
      if (signal?.aborted === true) return;
      const present = outward.filter(isThere);
      void send('ipv4', present);
      void send('ipv6', present);
    }
  };
  return {announce: (addresses, isThere) => void announce(addresses, isThere)};
}

const pausesMs = [0, 300, 700];

const notFound = 127;

const programs: Readonly<Record<Family, {program: string; debianPackage: string; command: string}>> = {
  ipv4: {program: 'arping', debianPackage: 'iputils-arping', command: 'arping -q -U -c 1 -w 1 -I "$1" "$2"'},
  ipv6: {program: 'ndptool', debianPackage: 'libndp-tools', command: 'ndptool -t na -U -T "$2" -i "$1" send'},
};

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'exitCode' in error && error.exitCode === notFound;
}
