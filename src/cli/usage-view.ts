import {parsePrefix} from '../core/prefix.ts';
import {fractionOf, renderBar, renderCount, renderPercent} from './bar.ts';
import type {Client} from './client.ts';
import type {Column} from './table.ts';
import {type Count, createUsage, type Usage, type UsageOf} from './usage.ts';
import {BlackoutList, BlockList, type BlockView, TopologyView} from './wire.ts';

/** What the daemon knows, as far as the usage of networks and groups needs it. */
export interface UsageState {
  readonly topology: TopologyView;
  readonly blocks: readonly BlockView[];
  readonly usageOf: UsageOf;
}

/** Asks for everything once, however many networks and groups are shown. */
export async function readUsage(client: Client): Promise<UsageState> {
  const [topology, {blocks}, blackoutViews] = await Promise.all([
    client.request('GET', '/topology').then(body => TopologyView.parse(body)),
    client.request('GET', '/blocks').then(body => BlockList.parse(body)),
    client.request('GET', '/blackouts').then(body => BlackoutList.parse(body)),
  ]);
  const counts = blocks.map(({cidr, host, allocated_ip_count}) => ({cidr: parsePrefix(cidr), host, addresses: allocated_ip_count}));
  const blackouts = blackoutViews.map(({cidr}) => parsePrefix(cidr));
  return {topology, blocks, usageOf: createUsage(counts, blackouts)};
}

/** The columns of usageCells. */
export const usageColumns: readonly Column[] = [
  {heading: 'Blocks used/free', short: 'Blocks'},
  {heading: 'Addresses used/free', short: 'Addresses'},
];

/** Usage as two cells: "██░░░░░░ 16,384/49,152"; "-" where it is not known. */
export function usageCells(usage: Usage | undefined, isUnicode: boolean): string[] {
  if (usage === undefined) return ['-', '-'];
  return [usage.blocks, usage.addresses].map(
    count => `${renderBar(usedFraction(count), 8, isUnicode)} ${renderCount(count.used)}/${renderCount(count.free)}`,
  );
}

/** Usage as a line of its own: "██░░░░░░  25 %  16,384 used, 49,152 free, 8 blacked out". */
export function renderUsage(count: Count, isUnicode: boolean): string {
  const fraction = usedFraction(count);
  const {used, free, blackedOut} = count;
  const counts = `${renderCount(used)} used, ${renderCount(free)} free${blackedOut > 0n ? `, ${renderCount(blackedOut)} blacked out` : ''}`;
  return `${renderBar(fraction, 20, isUnicode)} ${renderPercent(fraction).padStart(5)}  ${counts}`;
}

/** Of what can be used: a network that is blacked out by half is full when the other half is. */
function usedFraction({used, free}: Count): number {
  return fractionOf(used, used + free);
}
