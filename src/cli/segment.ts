import {Command} from 'commander';
import {addExamples} from './help.ts';
import {holdingCells, holdingColumns} from './holdings.ts';
import {type CliParts, forEachItem, renderChange, renderJson, separated} from './parts.ts';
import {pathOf, withQuery} from './path.ts';
import {renderDetails, renderFittedTable} from './table.ts';
import {BlockList, NameList} from './wire.ts';

/** `romana segment …` */
export function segmentCommand(parts: CliParts): Command {
  const command = new Command('segment').description(
    'the parts of a tenant that policies tell apart, as far as they were made known beforehand',
  );
  command
    .command('list <tenant>')
    .description('all segments of a tenant, and how much they use')
    .action(async (tenant: string, _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const body = await client.request('GET', pathOf('tenants', tenant, 'segments'));
      if (format === 'json') return parts.write(renderJson(body));
      const {blocks} = BlockList.parse(await client.request('GET', withQuery('/blocks', {tenant})));
      const blocksOf = Map.groupBy(blocks, ({segment}) => segment);
      const rows = NameList.parse(body).map(({name}) => [name, ...holdingCells(blocksOf.get(name))]);
      parts.write(
        `Segment List of Tenant ${tenant}\n${renderFittedTable([{heading: 'Segment Name', isCut: true}, ...holdingColumns], rows)}`,
      );
    });
  command
    .command('show <tenant> <segment...>')
    .description('some segments of a tenant: the hosts that they are on, and how much they use')
    .action(async (tenant: string, names: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const segments = NameList.parse(await client.request('GET', pathOf('tenants', tenant, 'segments')));
      const show = separated(parts.write);
      await forEachItem(names, parts, async name => {
        const segment = segments.find(other => other.name === name);
        if (segment === undefined) throw new Error(`tenant ${tenant} has no segment ${name}`);
        if (format === 'json') return parts.write(renderJson(segment));
        const {blocks} = BlockList.parse(await client.request('GET', withQuery('/blocks', {tenant, segment: name})));
        const hosts = new Set(blocks.map(({host}) => host).filter(host => host !== ''));
        const [blockCount = '', addressCount = ''] = holdingCells(blocks);
        show(
          renderDetails(`Segment ${name}`, [
            ['Tenant', tenant],
            ['Hosts', [...hosts].toSorted().join(', ') || '-'],
            ['Blocks', blockCount],
            ['Addresses', addressCount],
          ]),
        );
      });
    });
  command
    .command('add <tenant> <segment...>')
    .alias('create')
    .description('makes segments of a tenant known')
    .action(async (tenant: string, names: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      await forEachItem(names, parts, async name => {
        const body = await client.request('POST', pathOf('tenants', tenant, 'segments'), {name});
        parts.write(renderChange(format, body, `Segment (${name}) of tenant (${tenant}) added successfully.`));
      });
    });
  command
    .command('remove <tenant> <segment...>')
    .alias('delete')
    .description('forgets segments; refused while they are in use')
    .action(async (tenant: string, names: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      await forEachItem(names, parts, async name => {
        const body = await client.request('DELETE', pathOf('tenants', tenant, 'segments', name));
        parts.write(renderChange(format, body, `Segment (${name}) of tenant (${tenant}) removed successfully.`));
      });
    });
  return addExamples(command, 'segment add shop web db', 'segment list shop', 'segment remove shop db');
}
