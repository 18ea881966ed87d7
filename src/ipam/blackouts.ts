import {withPrefix} from '../core/disjoint-prefixes.ts';
import {InputError} from '../core/errors.ts';
import {contains, overlaps, type Prefix} from '../core/prefix.ts';
import {renderRecord} from '../store/records.ts';
import type {Condition} from '../store/store.ts';
import type {Ledger} from './ledger.ts';
import type {Transactor} from './transact.ts';

export interface Blackouts {
  /**
   * Lets no address of a range be given out; one that is covered already changes nothing. Throws InputError: ERR_CONFLICT (in no network, addresses
   * in use), ERR_INVALID (a whole network).
   */
  add(cidr: Prefix): Promise<void>;
  /** Takes back a range as it was given. Throws InputError ERR_NOT_FOUND. */
  remove(cidr: Prefix): Promise<void>;
}

// All of them are one value, and etcd takes values of 1.5 MiB.
const maxBlackouts = 20_000;

export function createBlackouts({ledger, transact}: {readonly ledger: Ledger; readonly transact: Transactor}): Blackouts {
  const {keys} = ledger;

  /** Whoever allocates compares this key: none is given out by one who does not know the list. */
  const replacement = (cidrs: readonly Prefix[], more: readonly Condition[]) => ({
    transaction: {
      conditions: [{key: keys.blackouts, modRevision: ledger.tables.blackouts.modRevision}, ...more],
      operations: [{put: keys.blackouts, value: renderRecord({cidrs})}],
    },
    result: undefined,
  });

  return {
    add: cidr =>
      transact(() => {
        const {value: present} = ledger.tables.blackouts;
        refuseOutside(ledger, cidr);
        const cidrs = withPrefix(present, cidr);
        if (cidrs === present) return {result: undefined};
        refuseInUse(ledger, cidr);
        if (cidrs.length > maxBlackouts)
          throw new InputError('ERR_CONFLICT', `There are ${present.length} blackouts already, the most there can be.`);
        return replacement(cidrs, [{...keys.addressesIn(cidr), unchangedSince: 0}]);
      }),

    remove: cidr =>
      transact(() => {
        const {value: present} = ledger.tables.blackouts;
        if (!present.includes(cidr)) {
          throw new InputError('ERR_NOT_FOUND', `No such CIDR ${cidr} found in the blackout list: [${shown(present)}]`);
        }
        return replacement(
          present.filter(other => other !== cidr),
          [],
        );
      }),
  };
}

function refuseOutside({tables}: Ledger, cidr: Prefix): void {
  const networks = tables.topology?.value.document.networks ?? [];
  const network = networks.find(candidate => overlaps(candidate.cidr, cidr));
  if (network === undefined) throw new InputError('ERR_CONFLICT', `No network found for ${cidr}`);
  if (contains(cidr, network.cidr)) throw new InputError('ERR_INVALID', `Cannot black out the entire network (${cidr} vs ${network.cidr})`);
}

function refuseInUse({index, tables}: Ledger, cidr: Prefix): void {
  for (const block of tables.blocks.keys()) {
    const used = overlaps(block, cidr) ? index.addressesIn(block).find(({ip}) => contains(cidr, ip)) : undefined;
    if (used === undefined) continue;
    const example = `${used.ip} is that of ${used.name} on host ${used.host}`;
    throw new InputError('ERR_CONFLICT', `Blackout block contains already allocated IPs. For one, ${example}.`);
  }
}

const maxShown = 20;

function shown(cidrs: readonly Prefix[]): string {
  const rest = cidrs.length - maxShown;
  return [...cidrs.slice(0, maxShown), ...(rest > 0 ? [`… and ${rest} more`] : [])].join(' ');
}
