import {Command} from 'commander';
import {type Client, RequestError} from './client.ts';
import {addExamples} from './help.ts';
import {type CliParts, forEachItem, renderChange, renderJson, separated} from './parts.ts';
import {pathOf} from './path.ts';
import {type Column, renderDetails, renderFittedTable} from './table.ts';
import {VipAnswer, VipList, type VipView} from './wire.ts';

/** `romana vip …` */
export function vipCommand(parts: CliParts): Command {
  const command = new Command('vip').description(
    'virtual IPs: each is held by one host at a time, and goes to another one when that fails',
  );
  command
    .command('list')
    .description('all VIPs, and which host holds each')
    .action(async (_options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const body = await client.request('GET', '/vips');
      if (format === 'json') return parts.write(renderJson(body));
      const rows = VipList.parse(body).map(vip => [vip.name, vip.ip, vip.holder || '-', vip.since ?? '-', hostsOf(vip)]);
      parts.write(`VIP List\n${renderFittedTable(columns, rows)}`);
    });
  command
    .command('show <name...>')
    .description('some VIPs in detail')
    .action(async (names: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const show = separated(parts.write);
      await forEachItem(names, parts, async name => {
        const body = await client.request('GET', pathOf('vips', name));
        if (format === 'json') return parts.write(renderJson(body));
        const vip = VipAnswer.parse(body);
        show(
          renderDetails(`VIP ${vip.name}`, [
            ['IP', vip.ip],
            ['Holder', vip.holder || '-'],
            ['Since', vip.since ?? '-'],
            ['Hosts', hostsOf(vip)],
          ]),
        );
      });
    });
  command
    .command('add <name> <ip>')
    .description('makes a VIP, or gives the one of that name this IP and these hosts')
    .option('--host <name>', 'a host that may hold it; may be given several times. Without it, every host may', collectHost, [])
    .action(async (name: string, ip: string, {host: hosts}: {host: string[]}, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const before = format === 'json' ? undefined : await vipNamed(client, name);
      const body = await client.request('PUT', pathOf('vips', name), {ip, hosts});
      const what = before === undefined ? 'added successfully' : `replaced successfully (before: ${before.ip}, hosts: ${hostsOf(before)})`;
      parts.write(renderChange(format, body, `VIP (${name}) ${what}.`));
    });
  command
    .command('remove <name...>')
    .description('removes VIPs; the hosts that hold them let them go')
    .action(async (names: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      await forEachItem(names, parts, async name => {
        const body = await client.request('DELETE', pathOf('vips', name));
        parts.write(renderChange(format, body, `VIP (${name}) removed successfully.`));
      });
    });
  return addExamples(
    command,
    'vip add db 192.168.20.100 --host host-1 --host host-2',
    'vip add web 2001:db8::100',
    'vip show db',
    'vip remove db web',
  );
}

const columns: readonly Column[] = [
  {heading: 'VIP Name', isCut: true},
  {heading: 'IP'},
  {heading: 'Holder', isCut: true},
  {heading: 'Since', isSpare: true},
  {heading: 'Hosts', isCut: true},
];

/** An operator who takes the name of another VIP by mistake is told what that was. */
async function vipNamed(client: Client, name: string): Promise<VipView | undefined> {
  try {
    return VipAnswer.parse(await client.request('GET', pathOf('vips', name)));
  } catch (error) {
    if (error instanceof RequestError && error.status === 404) return undefined;
    throw error;
  }
}

function hostsOf({hosts}: VipView): string {
  return hosts.length === 0 ? 'any' : hosts.join(', ');
}

function collectHost(name: string, names: readonly string[]): string[] {
  return [...names, name];
}
