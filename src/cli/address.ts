import {Command} from 'commander';
import {type CliParts, forEachItem, renderJson} from './parts.ts';
import {renderTable} from './table.ts';
import {AddressList} from './wire.ts';

/** `romana address …` */
export function addressCommand(parts: CliParts): Command {
  const command = new Command('address').description('the addresses of endpoints');
  command
    .command('list')
    .description('all addresses')
    .action(async (_options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const body = await client.request('GET', '/addresses');
      parts.write(format === 'json' ? renderJson(body) : `Address List\n${renderAddresses(body)}`);
    });
  command
    .command('show <nameOrIp...>')
    .description('some addresses')
    .action(async (names: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      await forEachItem(names, parts, async name => {
        const body = await client.request('GET', `/addresses/${name.split('/').map(encodeURIComponent).join('/')}`);
        parts.write(format === 'json' ? renderJson(body) : renderAddresses(body));
      });
    });
  command
    .command('allocate <name>')
    .description('gives an endpoint an address')
    .requiredOption('--host <name>', 'the host that carries the endpoint')
    .option('--tenant <name>', 'its tenant', '')
    .option('--segment <name>', 'its segment', '')
    .option('--family <family>', 'ipv4 or ipv6')
    .action(async (name: string, {host, tenant, segment, family}: Record<string, string>, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const ip = await client.request('POST', '/address', {name, host, tenant, segment, ...(family !== undefined && {family})});
      parts.write(format === 'json' ? renderJson(ip) : `${String(ip)}\n`);
    });
  command
    .command('release <nameOrIp...>')
    .description('takes addresses back')
    .action(async (names: string[], _options, self: Command) => {
      const {client} = await parts.open(self.optsWithGlobals());
      await forEachItem(names, parts, async name => {
        await client.request('DELETE', `/address?${new URLSearchParams({addressName: name})}`);
        parts.write(`Address (${name}) released successfully.\n`);
      });
    });
  return command;
}

function renderAddresses(body: unknown): string {
  const rows = AddressList.parse(body).map(({ip, name, host, tenant, segment, block, network}) => [
    ip,
    name,
    host,
    tenant,
    segment,
    block,
    network,
  ]);
  return renderTable(['IP', 'Name', 'Host', 'Tenant', 'Segment', 'Block', 'Network'], rows);
}
