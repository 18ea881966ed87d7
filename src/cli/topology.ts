import {Command} from 'commander';
import {InputError, messageOf} from '../core/errors.ts';
import {type CliParts, renderJson} from './parts.ts';
import {renderTable} from './table.ts';
import {type TopologyEntry, TopologyView} from './wire.ts';

/** `romana topology …` */
export function topologyCommand(parts: CliParts): Command {
  const command = new Command('topology').description('networks and the prefix groups that they are divided into');
  for (const verb of ['list', 'show']) {
    command
      .command(verb)
      .description('the topology with the CIDR of every group')
      .action(async (_options, self: Command) => {
        const {client, format} = await parts.open(self.optsWithGlobals());
        const body = await client.request('GET', '/topology');
        parts.write(format === 'json' ? renderJson(body) : renderTopology(body));
      });
  }
  command
    .command('update [file]')
    .description('replaces the topology by the document in a file, or on standard input')
    .option('--dry-run', 'only say what would change and what would not fit')
    .action(async (file: string | undefined, {dryRun}: {dryRun?: boolean}, self: Command) => {
      const {client} = await parts.open(self.optsWithGlobals());
      const document = parseDocument(await parts.readInput(file), file ?? 'standard input');
      const body = await client.request('POST', `/topology${dryRun ? '?dry_run=true' : ''}`, document);
      parts.write(dryRun ? renderJson(body) : 'Topology updated successfully.\n');
    });
  return command;
}

function parseDocument(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError('ERR_MALFORMED', `cannot read the topology in ${source}: ${messageOf(error)}`, {cause: error});
  }
}

function renderTopology(body: unknown): string {
  const {networks, topologies} = TopologyView.parse(body);
  const overview = networks.map(({name, cidr, tenants}) => [name, cidr, (tenants ?? []).join(', ')]);
  const parts = topologies.map(({networks: names, map}) => {
    const rows = map.flatMap(entry => rowsOf(entry, 0));
    return `\nTopology for Network/s: [${names.join(' ')}]\n${renderTable(['Name', 'CIDR', 'Nodes'], rows)}`;
  });
  return `Networks\n${renderTable(['Name', 'CIDR', 'Tenants'], overview)}${parts.join('')}`;
}

function rowsOf({name, cidr, groups = []}: TopologyEntry, depth: number): string[][] {
  const hosts = groups.filter(({ip}) => ip !== undefined);
  const nodes = hosts.map(host => `${host.name}(${host.ip})`).join(', ');
  const inner = groups.filter(({ip}) => ip === undefined).flatMap(group => rowsOf(group, depth + 1));
  return [[`${'  '.repeat(depth)}${name ?? '-'}`, cidr ?? '', nodes], ...inner];
}
