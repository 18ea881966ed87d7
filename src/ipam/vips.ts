import {InputError} from '../core/errors.ts';
import {isVipName} from '../core/names.ts';
import type {Address} from '../core/prefix.ts';
import type {Vip} from '../core/state.ts';
import {renderRecord} from '../store/records.ts';
import type {Condition, Transaction} from '../store/store.ts';
import {notFound} from './faults.ts';
import {unclaimedIp} from './hidden-hosts.ts';
import type {Ledger} from './ledger.ts';
import {joinTransactions, type Transactor} from './transact.ts';

/** VIPs as operators want them. Which host holds one is for the agents to find out. */
export interface Vips {
  /**
   * Creates a VIP, or gives it another IP or other hosts. Throws InputError: ERR_INVALID (a name that none can have), ERR_NOT_FOUND (a host),
   * ERR_CONFLICT (the IP is in use).
   */
  put(vip: Vip): Promise<void>;
  /** Throws InputError ERR_NOT_FOUND. */
  remove(name: string): Promise<void>;
}

export function createVips({ledger, transact}: {readonly ledger: Ledger; readonly transact: Transactor}): Vips {
  const {keys} = ledger;
  return {
    async put({name, ip, hosts}) {
      if (!isVipName(name)) throw badName(name);
      const vip: Vip = {name, ip, hosts: [...new Set(hosts)]};
      await transact(() => {
        const known = ledger.tables.vips.get(name);
        refuseUnknownHosts(ledger, vip);
        if (known !== undefined && renderRecord(known.value) === renderRecord(vip)) return {result: undefined};
        const own: Transaction = {
          conditions: [{key: keys.vip(name), modRevision: known?.modRevision ?? 0}, ...hostsUnchanged(ledger, vip)],
          operations: [{put: keys.vip(name), value: renderRecord(vip)}],
        };
        const isSameIp = known?.value.ip === ip;
        return {transaction: joinTransactions([own, ...(isSameIp ? [] : [ipTaken(ledger, vip, known?.value.ip)])]), result: undefined};
      });
    },

    remove: name =>
      transact(() => {
        const known = ledger.tables.vips.get(name);
        if (known === undefined) throw notFound('vip', name);
        const {value, modRevision} = known;
        const transaction: Transaction = {
          conditions: [{key: keys.vip(name), modRevision}],
          operations: [{delete: keys.vip(name)}, {delete: keys.hostIp(value.ip)}],
        };
        return {transaction, result: undefined};
      }),
  };
}

/** The VIP that has an IP. */
export function vipAt({tables}: Pick<Ledger, 'tables'>, ip: Address): Vip | undefined {
  for (const {value} of tables.vips.values()) if (value.ip === ip) return value;
  return undefined;
}

/** Takes an IP for a VIP, and gives up the one that it had. Whoever allocates, and whoever adds a host, compares the key of the IP. */
function ipTaken(ledger: Ledger, {name, ip}: Vip, before: Address | undefined): Transaction {
  const {keys} = ledger;
  refuseTakenIp(ledger, name, ip);
  const own: Transaction = {
    conditions: [{key: keys.address(ip), modRevision: 0}],
    operations: [{put: keys.hostIp(ip), value: `vip/${name}`}, ...(before === undefined ? [] : [{delete: keys.hostIp(before)}])],
  };
  return joinTransactions([unclaimedIp(ledger, {ip}), own]);
}

function refuseTakenIp(ledger: Ledger, name: string, ip: Address): void {
  const {tables, index} = ledger;
  const address = index.address(ip);
  const host = [...tables.hosts.values()].find(({value}) => value.ip === ip)?.value;
  const vip = vipAt(ledger, ip);
  const owner =
    (address && `the address of ${address.name} on host ${address.host}`) ??
    (host && `the IP of host ${host.name}`) ??
    (vip && `that of VIP ${vip.name}`);
  if (owner !== undefined) throw new InputError('ERR_CONFLICT', `IP ${ip} of VIP ${name} is in use: it is ${owner}.`);
}

function refuseUnknownHosts({tables}: Ledger, {hosts}: Vip): void {
  const unknown = hosts.find(host => !tables.hosts.has(host));
  if (unknown !== undefined) throw notFound('host', unknown);
}

/** That none of the hosts is removed in the same moment. However many they are, one condition is enough. */
function hostsUnchanged({keys, revision}: Ledger, {hosts}: Vip): Condition[] {
  return hosts.length === 0 ? [] : [{from: keys.removals, to: keys.removals, unchangedSince: revision}];
}

function badName(name: string): InputError {
  return new InputError(
    'ERR_INVALID',
    `Bad VIP name: ${JSON.stringify(name)} (expected 1 to 253 letters, digits and . _ - : /, not an IP, and no empty part, . or .. between slashes).`,
  );
}
