import {Command, Option} from 'commander';
import {addExamples} from './help.ts';
import {addOwnerFilter, isOwnedBy, type OwnerFilter} from './owner-filter.ts';
import {type CliParts, forEachItem, renderChange, renderJson, separated} from './parts.ts';
import {pathOf, withQuery} from './path.ts';
import {type Column, renderDetails, renderFittedTable} from './table.ts';
import {AddressList, type AddressView} from './wire.ts';

/** `romana address …` */
export function addressCommand(parts: CliParts): Command {
  const command = new Command('address').description('the addresses of endpoints');
  addOwnerFilter(command.command('list').description('all addresses, or those that the options name')).action(
    async (filter: OwnerFilter, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const addresses = AddressList.parse(await client.request('GET', '/addresses')).filter(address => isOwnedBy(address, filter));
      parts.write(format === 'json' ? renderJson(addresses) : `Address List\n${renderAddresses(addresses)}`);
    },
  );
  command
    .command('show <nameOrIp...>')
    .description('the addresses with some names or IPs')
    .action(async (names: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const show = separated(parts.write);
      await forEachItem(names, parts, async name => {
        const body = await client.request('GET', pathOf('addresses', name));
        if (format === 'json') return parts.write(renderJson(body));
        for (const address of AddressList.parse(body)) show(renderAddress(address));
      });
    });
  command
    .command('allocate <name>')
    .description('gives an endpoint an address')
    .requiredOption('--host <name>', 'the host that carries the endpoint')
    .option('--tenant <name>', 'its tenant', '')
    .option('--segment <name>', 'its segment', '')
    .addOption(new Option('--family <family>', 'the family, where a network of both could be taken').choices(['ipv4', 'ipv6']))
    .action(async (name: string, {host, tenant, segment, family}: Record<string, string>, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const ip = await client.request('POST', '/address', {name, host, tenant, segment, ...(family !== undefined && {family})});
      parts.write(format === 'json' ? renderJson(ip) : `${String(ip)}\n`);
    });
  command
    .command('release <nameOrIp...>')
    .description('takes addresses back; a name gives back its addresses of both families')
    .action(async (names: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      await forEachItem(names, parts, async name => {
        const body = await client.request('DELETE', withQuery('/address', {addressName: name}));
        parts.write(renderChange(format, body, `Address (${name}) released successfully.`));
      });
    });
  return addExamples(
    command,
    'address allocate web-1 --host host-1 --tenant shop --segment web',
    'address list --tenant shop',
    'address show 10.1.0.7',
    'address release web-1 10.1.0.8',
  );
}

/** The table of addresses. */
export function renderAddresses(addresses: readonly AddressView[]): string {
  const rows = addresses.map(({ip, name, host, tenant, segment, block, network}) => [ip, name, host, tenant, segment, block, network]);
  return renderFittedTable(columns, rows);
}

const columns: readonly Column[] = [
  {heading: 'IP'},
  {heading: 'Name', isCut: true},
  {heading: 'Host', isCut: true},
  {heading: 'Tenant', isCut: true},
  {heading: 'Segment', isCut: true},
  {heading: 'Block', isSpare: true},
  {heading: 'Network', isCut: true},
];

function renderAddress({ip, name, host, tenant, segment, block, network, allocated_at}: AddressView): string {
  return renderDetails(`Address ${ip}`, [
    ['Name', name],
    ['Host', host],
    ['Tenant', tenant || '-'],
    ['Segment', segment || '-'],
    ['Block', block],
    ['Network', network],
    ['Allocated', allocated_at || '-'],
  ]);
}
