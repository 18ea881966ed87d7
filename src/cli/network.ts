import {Command} from 'commander';
import {type CliParts, forEachItem, renderJson} from './parts.ts';
import {renderTable} from './table.ts';
import {BlockList, NetworkList} from './wire.ts';

/** `romana network …` */
export function networkCommand(parts: CliParts): Command {
  const command = new Command('network').description('the networks that addresses come from');
  command
    .command('list')
    .description('all networks')
    .action(async (_options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const body = await client.request('GET', '/networks');
      if (format === 'json') return parts.write(renderJson(body));
      const rows = NetworkList.parse(body).map(({id, cidr, revision}) => [id, cidr, String(revision)]);
      parts.write(`Network List\n${renderTable(['Network Name', 'Network CIDR', 'Revision'], rows)}`);
    });
  command
    .command('show <name...>')
    .description('the blocks of some networks')
    .action(async (names: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      await forEachItem(names, parts, async name => {
        const body = await client.request('GET', `/networks/${encodeURIComponent(name)}/blocks`);
        parts.write(format === 'json' ? renderJson(body) : `Network ${name}\n${renderBlocks(body)}`);
      });
    });
  return command;
}

/** `romana block …` */
export function blockCommand(parts: CliParts): Command {
  const command = new Command('block').description('the blocks of addresses that hosts own');
  const addFilters = (verb: Command) =>
    verb
      .option('--host <name>', 'only those of a host')
      .option('--network <name>', 'only those of a network')
      .option('--tenant <name>', 'only those of a tenant')
      .option('--segment <name>', 'only those of a segment');
  addFilters(command.command('list').description('all blocks')).action(async (filter: Record<string, string>, self: Command) => {
    const {client, format} = await parts.open(self.optsWithGlobals());
    const body = await client.request('GET', `/blocks?${new URLSearchParams(filter)}`);
    parts.write(format === 'json' ? renderJson(body) : `Block List\n${renderBlocks(body)}`);
  });
  command
    .command('show <cidr...>')
    .description('some blocks')
    .action(async (cidrs: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const {blocks} = BlockList.parse(await client.request('GET', '/blocks'));
      await forEachItem(cidrs, parts, async cidr => {
        const block = blocks.find(other => other.cidr === cidr);
        if (block === undefined) throw new Error(`there is no block ${cidr}`);
        parts.write(format === 'json' ? renderJson(block) : renderBlocks({blocks: [block]}));
      });
    });
  return command;
}

function renderBlocks(body: unknown): string {
  const rows = BlockList.parse(body).blocks.map(({cidr, host, revision, tenant, segment, allocated_ip_count}) => {
    return [cidr, host, String(revision), tenant, segment, String(allocated_ip_count)];
  });
  return renderTable(['Block CIDR', 'Block Host', 'Revision', 'Block Tenant', 'Block Segment', 'Block Allocated IP Count'], rows);
}
