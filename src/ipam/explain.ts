import {pathTo} from '../core/group-tree.ts';
import {type Address, addressBits, contains, familyOf, prefixAt, sizeOf} from '../core/prefix.ts';
import type {Block} from '../core/state.ts';
import {StoreError} from '../store/store.ts';
import type {Versioned} from '../store/table.ts';
import {announcementsOf} from './announcements.ts';
import type {ExplanationAnswer} from './explain-answer.ts';
import {explanationText} from './explain-text.ts';
import type {Ledger} from './ledger.ts';
import type {Reports} from './reports.ts';
import {blockView, type Views, vipView} from './views.ts';
import {vipAt} from './vips.ts';

export interface ExplainOptions {
  readonly ledger: Ledger;
  readonly views: Views;
  readonly reports: Reports;
  readonly clock: {now(): number};
}

/** Creates the answer of GET /explain/{ip}: everything around one IP, in use or not. Throws StoreError. */
export function createExplain({ledger, views, reports, clock}: ExplainOptions): (ip: Address) => ExplanationAnswer {
  return ip => {
    if (!reports.isReady) throw new StoreError('the reports of the agents have not been read yet');
    const {tables} = ledger;
    const network = tables.topology?.value.document.networks.find(({cidr}) => contains(cidr, ip));
    const tree = tables.topology?.value.trees.find(other => other.network.name === network?.name);
    const path = tree === undefined ? [] : pathTo(tree, ip);
    const block = blockAround(ip, ledger);
    const host = block && tables.hosts.get(block.value.host)?.value;
    const address = tables.addresses.get(ip)?.value;
    const fixed = [...tables.hosts.values()].find(({value}) => value.fixed !== undefined && contains(value.fixed, ip))?.value;
    const vip = vipAt(ledger, ip);
    const facts = {
      ip,
      network: network === undefined ? null : {name: network.name, cidr: network.cidr},
      // The container of several top groups is none of them.
      groups: path.filter(group => group.path !== '').map(({name, path: names, cidr}) => ({name, path: names, cidr})),
      blackout: tables.blackouts.value.find(cidr => contains(cidr, ip)) ?? null,
      block: block === undefined ? null : blockView(ledger, block),
      host: host === undefined ? null : {name: host.name, ip: host.ip, drained: host.drained},
      address: address === undefined ? null : views.address(address),
      vip: vip === undefined ? null : vipView(ledger, vip),
      announced: announcementsOf(ip, block?.value, {ledger, reports, now: clock.now()}),
    };
    const text = explanationText(facts, {
      isMapped: tree !== undefined,
      isInLeaf: path.at(-1)?.groups.length === 0,
      fixed: fixed?.fixed && {host: fixed.name, cidr: fixed.fixed},
      blockSize: block === undefined ? 0n : sizeOf(block.value.cidr),
      ipOf: [...tables.hosts.values()].find(({value}) => value.ip === ip)?.value.name,
      freedFrom: block?.value.freed?.from ?? '',
    });
    return {...facts, text};
  };
}

/** Blocks differ in length only where the block size of a network was changed: each length is a look-up. */
function blockAround(ip: Address, {tables}: Ledger): Versioned<Block> | undefined {
  for (let length = addressBits[familyOf(ip)]; length >= 0; length -= 1) {
    const block = tables.blocks.get(prefixAt(ip, length));
    if (block !== undefined) return block;
  }
  return undefined;
}
