import {Command} from 'commander';
import {contains, parsePrefix} from '../core/prefix.ts';
import {renderBlocks} from './block.ts';
import {addExamples} from './help.ts';
import {type CliParts, forEachItem, renderJson, separated} from './parts.ts';
import {pathOf} from './path.ts';
import {type Column, renderDetails, renderFittedTable} from './table.ts';
import type {Usage} from './usage.ts';
import {readUsage, renderUsage, type UsageState, usageCells, usageColumns} from './usage-view.ts';
import {NetworkAnswer, NetworkList, type NetworkView} from './wire.ts';

/** `romana network …` */
export function networkCommand(parts: CliParts): Command {
  const command = new Command('network').description('the networks that addresses come from');
  command
    .command('list')
    .description('all networks, and how much of them is in use')
    .action(async (_options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const body = await client.request('GET', '/networks');
      if (format === 'json') return parts.write(renderJson(body));
      const usage = await readUsage(client);
      const rows = NetworkList.parse(body).map(({id, cidr, revision}) => {
        return [id, cidr, String(revision), ...usageCells(networkNamed(id, usage)?.usage, parts.isUnicode)];
      });
      parts.write(`Network List\n${renderFittedTable(columns, rows)}`);
    });
  command
    .command('show <name...>')
    .description('some networks: who may use them, how much is in use, and their blocks')
    .action(async (names: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      let usage: UsageState | undefined;
      const show = separated(parts.write);
      await forEachItem(names, parts, async name => {
        const body = await client.request('GET', pathOf('networks', name));
        if (format === 'json') return parts.write(renderJson(body));
        usage ??= await readUsage(client);
        show(renderNetwork(NetworkAnswer.parse(body), usage, parts.isUnicode));
      });
    });
  return addExamples(command, 'network list', 'network show net1 net6', '-f json network list');
}

const columns: readonly Column[] = [
  {heading: 'Network Name', short: 'Network', isCut: true},
  {heading: 'Network CIDR', short: 'CIDR'},
  {heading: 'Revision'},
  ...usageColumns,
];

interface KnownNetwork {
  readonly tenants: string;
  readonly blockLength: number;
  readonly usage: Usage;
}

/** Undefined for a network that was removed between two requests. */
function networkNamed(name: string, {topology, usageOf}: UsageState): KnownNetwork | undefined {
  const network = topology.networks.find(other => other.name === name);
  if (network === undefined) return undefined;
  const {cidr, block_mask, tenants = []} = network;
  const isOpen = tenants.length === 0 || tenants.includes('*');
  return {tenants: isOpen ? 'any' : tenants.join(', '), blockLength: block_mask, usage: usageOf(parsePrefix(cidr), block_mask)};
}

function renderNetwork({id, cidr, revision}: NetworkView, state: UsageState, isUnicode: boolean): string {
  const known = networkNamed(id, state);
  const details = renderDetails(`Network ${id}`, [
    ['CIDR', cidr],
    ...(known === undefined ? [] : knownProperties(known, isUnicode)),
    ['Revision', String(revision)],
  ]);
  const blocks = state.blocks.filter(block => contains(parsePrefix(cidr), parsePrefix(block.cidr)));
  return blocks.length === 0 ? details : `${details}\n${renderBlocks(blocks)}`;
}

function knownProperties({tenants, blockLength, usage}: KnownNetwork, isUnicode: boolean): [string, string][] {
  return [
    ['Tenants', tenants],
    ['Block size', `/${blockLength}`],
    ['Blocks', renderUsage(usage.blocks, isUnicode)],
    ['Addresses', renderUsage(usage.addresses, isUnicode)],
  ];
}
