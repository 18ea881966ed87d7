import type {VipAddress} from '../core/desired-vips.ts';
import {messageOf} from '../core/errors.ts';
import type {Interface} from '../core/node-state.ts';
import {type Address, addressBits, familyOf} from '../core/prefix.ts';
import {vipMetric} from '../core/route-protocol.ts';
import type {AddressLifetime} from '../core/vip-lease.ts';
import type {Driver} from '../reconcile/driver.ts';
import type {Run} from '../system/run.ts';
import {parseInterfaces} from './ip-address.ts';
import {type FailedLine, isGone, runLines} from './ip-batch.ts';

/** An address of ours as it may be found: somebody may have given it another length. */
export interface OwnVipAddress extends VipAddress {
  readonly length?: number;
}

export interface VipDriver extends Driver<OwnVipAddress> {
  /** The same as read(), with the interfaces that it was found on. */
  look(): Promise<VipLook>;
}

export interface VipLook {
  readonly interfaces: readonly Interface[];
  readonly own: readonly OwnVipAddress[];
}

/**
 * The addresses of VIPs: those with our metric, of both families, on any device. Each is made with a lifetime, so that the kernel removes it
 * when nobody prolongs it any more: not this program, and not its kill -9 or its SIGSTOP, decides when it is gone.
 */
export function createVips(run: Run): VipDriver {
  const look = async () => {
    const interfaces = parseInterfaces(await run('ip', ['-json', '-details', 'address', 'show'], {timeoutMs}));
    return {interfaces, own: ownAddressesOf(interfaces)};
  };
  return {
    look,
    name: 'vips',
    keyOf: ({ip, dev, length = bitsOf(ip)}) => `${ip}/${length} ${dev}`,
    // A lifetime has to be prolonged each time.
    isEqual: () => false,
    async read() {
      return (await look()).own;
    },
    async apply({create, update, remove}) {
      const failures = [
        // Not "replace": the same address that somebody else has put there is refused, and stays.
        ...(await runInTime(run, 'add', create)),
        ...(await runInTime(run, 'replace', update)),
        // One whose time is over goes by itself, also between the look and here.
        ...(await runAll(
          run,
          remove.map(({ip, dev, length = bitsOf(ip)}) => `address del ${ip}/${length} dev ${dev}`),
        ).then(failed => failed.filter(({reason}) => !isGone(reason)))),
      ].map(({line, reason}) => (line === '' ? reason : `ip ${line}: ${reason}`));
      if (failures.length > 0) throw new Error(`cannot change addresses of VIPs: ${failures.join('; ')}`);
    },
  };
}

function ownAddressesOf(interfaces: readonly Interface[]): OwnVipAddress[] {
  return interfaces.flatMap(({name, addresses}) =>
    addresses.filter(({metric}) => metric === vipMetric).map(({address, length}) => ({ip: address, dev: name, length})),
  );
}

const timeoutMs = 2000;

/**
 * This program may be stopped between its look at the clock and the change, and then others hold the VIP: so the shell, which nobody stops, looks
 * at the clock once more. What is too late is not done.
 */
async function runInTime(run: Run, verb: 'add' | 'replace', items: readonly VipAddress[]): Promise<Failed[]> {
  const timed = items.flatMap(({ip, dev, lifetime}) => (lifetime === undefined ? [] : [{ip, dev, lifetime}]));
  const byTime = Map.groupBy(timed, ({lifetime}) => lifetime.latestAt);
  const failures = [...byTime].map(([latestAt, group]) =>
    runAll(
      run,
      group.map(({ip, dev, lifetime}) => `address ${verb} ${ip}/${bitsOf(ip)} dev ${dev} metric ${vipMetric} ${optionsOf(ip, lifetime)}`),
      `read -r up rest </proc/uptime; [ "\${up%.*}\${up#*.}0" -le ${Math.floor(latestAt)} ] || { echo "it is too late for that" >&2; exit 1; }; `,
    ),
  );
  return (await Promise.all(failures)).flat();
}

/** An IPv6 address that is "deprecated" takes what comes in, and is not chosen for what this host sends of its own. IPv4 knows no such difference. */
function optionsOf(ip: Address, {seconds}: AddressLifetime): string {
  return familyOf(ip) === 'ipv4'
    ? `valid_lft ${seconds} preferred_lft ${seconds}`
    : `nodad noprefixroute valid_lft ${seconds} preferred_lft 0`;
}

type Failed = Pick<FailedLine, 'line' | 'reason'>;

/** Gives also what made all of it fail, without a line. */
function runAll(run: Run, lines: readonly string[], before?: string): Promise<readonly Failed[]> {
  return runLines(run, lines, {timeoutMs, ...(before !== undefined && {before})}).catch(error => [{line: '', reason: messageOf(error)}]);
}

function bitsOf(ip: Address): number {
  return addressBits[familyOf(ip)];
}
