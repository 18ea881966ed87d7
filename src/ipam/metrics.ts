import {Counter, Gauge, Histogram, Registry} from 'prom-client';
import {pathTo, treeOf} from '../core/group-tree.ts';
import type {Ledger} from './ledger.ts';

export interface IpamMetrics {
  readonly registry: Registry;
  allocation(result: 'ok' | 'refused' | 'failed', seconds: number): void;
  retry(): void;
}

/** The metrics of ipamd; README.md of this folder explains each. Gauges are read from the ledger when they are asked for. */
export function createIpamMetrics(ledger: Ledger): IpamMetrics {
  const registry = new Registry();
  const registers = [registry];
  const allocations = new Counter({
    name: 'romana_allocations_total',
    help: 'Address requests by result.',
    labelNames: ['result'],
    registers,
  });
  const seconds = new Histogram({
    name: 'romana_allocation_seconds',
    help: 'Time from an address request to its answer.',
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 3],
    registers,
  });
  const retries = new Counter({
    name: 'romana_transaction_retries_total',
    help: 'Transactions that met a conflict and were planned again.',
    registers,
  });
  new Gauge({
    name: 'romana_state_age_seconds',
    help: 'How long the watch on the store has been broken; 0 while it stands.',
    registers,
    collect() {
      this.set(ledger.ageMs / 1000);
    },
  });
  new Gauge({
    name: 'romana_watch_lag_seconds',
    help: 'How long the watch took to show the last own change, or has been taking so far.',
    registers,
    collect() {
      this.set(ledger.lagMs / 1000);
    },
  });
  new Gauge({
    name: 'romana_blocks',
    help: 'Blocks by network, group and whether they have an owner.',
    labelNames: ['network', 'group', 'state'],
    registers,
    collect() {
      this.reset();
      forEachBlock(ledger, (labels, isFree) => this.inc({...labels, state: isFree ? 'free' : 'used'}, 1));
    },
  });
  new Gauge({
    name: 'romana_addresses',
    help: 'Addresses of owned blocks by network, group and whether an endpoint has them.',
    labelNames: ['network', 'group', 'state'],
    registers,
    collect() {
      this.reset();
      forEachBlock(ledger, (labels, isFree, used, size) => {
        if (isFree) return;
        this.inc({...labels, state: 'used'}, used);
        this.inc({...labels, state: 'free'}, size - used);
      });
    },
  });
  return {
    registry,
    allocation(result, duration) {
      allocations.inc({result});
      seconds.observe(duration);
    },
    retry: () => retries.inc(),
  };
}

type BlockVisitor = (labels: {network: string; group: string}, isFree: boolean, used: number, size: number) => void;

function forEachBlock({tables, written}: Ledger, visit: BlockVisitor): void {
  const trees = tables.topology?.value.trees ?? [];
  for (const {value: block} of tables.blocks.values()) {
    const tree = treeOf(trees, block.cidr);
    const group = tree === undefined ? '' : (pathTo(tree, block.cidr).at(-1)?.path ?? '');
    const bits = (block.cidr.includes(':') ? 128 : 32) - Number(block.cidr.split('/')[1]);
    visit({network: tree?.network.name ?? '', group}, block.host === '', written.countIn(block.cidr), 2 ** bits);
  }
}
