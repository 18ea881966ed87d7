import {Command} from 'commander';
import {parsePrefix, sizeOf} from '../core/prefix.ts';
import {renderCount} from './bar.ts';
import {addExamples} from './help.ts';
import {type CliParts, forEachItem, renderChange, renderJson} from './parts.ts';
import {withQuery} from './path.ts';
import {type Column, renderFittedTable} from './table.ts';
import {BlackoutList} from './wire.ts';

/** `romana blackout …` */
export function blackoutCommand(parts: CliParts): Command {
  const command = new Command('blackout').description('ranges of addresses that are never handed out');
  command
    .command('list')
    .description('all ranges')
    .action(async (_options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const body = await client.request('GET', '/blackouts');
      if (format === 'json') return parts.write(renderJson(body));
      const rows = BlackoutList.parse(body).map(({cidr, network}) => [cidr, network, renderCount(sizeOf(parsePrefix(cidr)))]);
      parts.write(`Blackout List\n${renderFittedTable(columns, rows)}`);
    });
  command
    .command('add <cidr...>')
    .description('keeps ranges from being handed out; refused while an address in them is in use')
    .action(async (cidrs: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      await forEachItem(cidrs, parts, async cidr => {
        const body = await client.request('POST', '/blackouts', {cidr});
        parts.write(renderChange(format, body, `Blackout (${cidr}) added successfully.`));
      });
    });
  command
    .command('remove <cidr...>')
    .description('lets ranges be handed out again; named exactly as the list has them')
    .action(async (cidrs: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      await forEachItem(cidrs, parts, async cidr => {
        const body = await client.request('DELETE', withQuery('/blackouts', {cidr}));
        parts.write(renderChange(format, body, `Blackout (${cidr}) removed successfully.`));
      });
    });
  return addExamples(command, 'blackout add 10.1.0.0/30 10.1.255.0/24', 'blackout list', 'blackout remove 10.1.0.0/30');
}

const columns: readonly Column[] = [{heading: 'CIDR'}, {heading: 'Network', isCut: true}, {heading: 'Addresses'}];
