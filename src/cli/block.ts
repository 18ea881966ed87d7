import {Command} from 'commander';
import {contains, parsePrefix, prefixLength} from '../core/prefix.ts';
import {renderAddresses} from './address.ts';
import {addExamples} from './help.ts';
import {addOwnerFilter, type OwnerFilter} from './owner-filter.ts';
import {type CliParts, forEachItem, renderJson, separated} from './parts.ts';
import {withQuery} from './path.ts';
import {type Column, renderDetails, renderFittedTable} from './table.ts';
import {readUsage, renderUsage, type UsageState} from './usage-view.ts';
import {AddressList, type AddressView, BlockList, type BlockView} from './wire.ts';

/** `romana block …` */
export function blockCommand(parts: CliParts): Command {
  const command = new Command('block').description('the blocks of addresses that hosts own');
  addOwnerFilter(command.command('list').description('all blocks, or those that the options name')).action(
    async (filter: OwnerFilter, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const body = await client.request('GET', withQuery('/blocks', filter));
      parts.write(format === 'json' ? renderJson(body) : `Block List\n${renderBlocks(BlockList.parse(body).blocks)}`);
    },
  );
  command
    .command('show <cidr...>')
    .description('some blocks: who owns them, and the addresses in them')
    .action(async (cidrs: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      if (format === 'json') {
        const {blocks} = BlockList.parse(await client.request('GET', '/blocks'));
        return forEachItem(cidrs, parts, async cidr => parts.write(renderJson(blockNamed(blocks, cidr))));
      }
      const usage = await readUsage(client);
      const addresses = AddressList.parse(await client.request('GET', '/addresses'));
      const show = separated(parts.write);
      await forEachItem(cidrs, parts, async cidr => {
        show(renderBlock(blockNamed(usage.blocks, cidr), addresses, usage, parts.isUnicode));
      });
    });
  return addExamples(command, 'block list --host host-1 --tenant shop', 'block show 10.1.0.0/29 2001:db8::/122');
}

/** The table of blocks, with the original's headings where there is room. */
export function renderBlocks(blocks: readonly BlockView[]): string {
  const rows = blocks.map(({cidr, host, revision, tenant, segment, allocated_ip_count}) => {
    return [cidr, host, String(revision), tenant, segment, String(allocated_ip_count)];
  });
  return renderFittedTable(columns, rows);
}

const columns: readonly Column[] = [
  {heading: 'Block CIDR'},
  {heading: 'Block Host', isCut: true},
  {heading: 'Revision'},
  {heading: 'Block Tenant', short: 'Tenant', isCut: true},
  {heading: 'Block Segment', short: 'Segment', isCut: true},
  {heading: 'Block Allocated IP Count', short: 'IPs'},
];

function blockNamed(blocks: readonly BlockView[], name: string): BlockView {
  const cidr = parsePrefix(name);
  const block = blocks.find(other => other.cidr === cidr);
  if (block === undefined) throw new Error(`there is no block ${cidr}`);
  return block;
}

function renderBlock(block: BlockView, addresses: readonly AddressView[], {topology, usageOf}: UsageState, isUnicode: boolean): string {
  const {host, tenant, segment, revision} = block;
  const cidr = parsePrefix(block.cidr);
  const network = topology.networks.find(other => contains(parsePrefix(other.cidr), cidr));
  const inside = addresses.filter(address => address.block === cidr);
  const details = renderDetails(`Block ${cidr}`, [
    ['Host', host === '' ? 'none, the block is free' : host],
    ['Network', network?.name ?? '-'],
    ['Tenant', tenant || '-'],
    ['Segment', segment || '-'],
    ['Addresses', renderUsage(usageOf(cidr, prefixLength(cidr)).addresses, isUnicode)],
    ['Revision', String(revision)],
  ]);
  return inside.length === 0 ? details : `${details}\n${renderAddresses(inside)}`;
}
