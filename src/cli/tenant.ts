import {Command} from 'commander';
import {addExamples} from './help.ts';
import {holdingCells, holdingColumns} from './holdings.ts';
import {type CliParts, forEachItem, renderChange, renderJson, separated} from './parts.ts';
import {pathOf, withQuery} from './path.ts';
import {renderDetails, renderFittedTable} from './table.ts';
import {BlockList, NameList, TopologyView} from './wire.ts';

/** `romana tenant …` */
export function tenantCommand(parts: CliParts): Command {
  const command = new Command('tenant').description('who endpoints belong to, as far as it was made known beforehand');
  command
    .command('list')
    .description('all tenants, and how much they use')
    .action(async (_options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const body = await client.request('GET', '/tenants');
      if (format === 'json') return parts.write(renderJson(body));
      const blocksOf = Map.groupBy(BlockList.parse(await client.request('GET', '/blocks')).blocks, ({tenant}) => tenant);
      const rows = NameList.parse(body).map(({name}) => [name, ...holdingCells(blocksOf.get(name))]);
      parts.write(`Tenant List\n${renderFittedTable([{heading: 'Tenant Name', isCut: true}, ...holdingColumns], rows)}`);
    });
  command
    .command('show <name...>')
    .description('some tenants: their segments, the networks that they may use, and how much they use')
    .action(async (names: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const show = separated(parts.write);
      await forEachItem(names, parts, async name => {
        const segments = NameList.parse(await client.request('GET', pathOf('tenants', name, 'segments')));
        if (format === 'json') return parts.write(renderJson({name, segments}));
        const {networks} = TopologyView.parse(await client.request('GET', '/topology'));
        const {blocks} = BlockList.parse(await client.request('GET', withQuery('/blocks', {tenant: name})));
        // In the order in which they are tried: the tenant's own before the open ones.
        const own = networks.filter(({tenants}) => tenants?.includes(name));
        const open = networks.filter(({tenants = []}) => tenants.length === 0 || tenants.includes('*'));
        const [blockCount = '', addressCount = ''] = holdingCells(blocks);
        show(
          renderDetails(`Tenant ${name}`, [
            ['Segments', listed(segments)],
            ['Networks', listed([...own, ...open.filter(network => !own.includes(network))])],
            ['Blocks', blockCount],
            ['Addresses', addressCount],
          ]),
        );
      });
    });
  command
    .command('create <name...>')
    .alias('add')
    .description('makes tenants known')
    .action(async (names: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      await forEachItem(names, parts, async name => {
        const body = await client.request('POST', '/tenants', {name});
        parts.write(renderChange(format, body, `Tenant (${name}) created successfully.`));
      });
    });
  command
    .command('delete <name...>')
    .alias('remove')
    .description('forgets tenants with their segments; refused while they are in use')
    .action(async (names: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      await forEachItem(names, parts, async name => {
        const body = await client.request('DELETE', pathOf('tenants', name));
        parts.write(renderChange(format, body, `Tenant (${name}) deleted successfully.`));
      });
    });
  return addExamples(command, 'tenant create shop bank', 'tenant show shop', 'tenant delete bank');
}

function listed(items: readonly {readonly name: string}[]): string {
  return items.map(({name}) => name).join(', ') || '-';
}
