import {Command, InvalidArgumentError} from 'commander';
import {isAddress, parseAddress} from '../core/prefix.ts';
import {setDrained} from './drain.ts';
import {addExamples} from './help.ts';
import {renderHost, renderHosts} from './host-view.ts';
import {type CliParts, forEachItem, renderChange, renderJson, separated} from './parts.ts';
import {pathOf} from './path.ts';
import {readUsage, type UsageState} from './usage-view.ts';
import {BlockList, HostAnswer, HostList} from './wire.ts';

/** `romana host …` */
export function hostCommand(parts: CliParts): Command {
  const command = new Command('host').description('the hosts that carry endpoints');
  command
    .command('list')
    .description('all hosts: their groups, and how much they hold')
    .action(async (_options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const body = await client.request('GET', '/hosts');
      if (format === 'json') return parts.write(renderJson(body));
      const {blocks} = BlockList.parse(await client.request('GET', '/blocks'));
      parts.write(`Host List\n${renderHosts(HostList.parse(body).hosts, blocks)}`);
    });
  command
    .command('show <name...>')
    .description('some hosts in detail')
    .action(async (names: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      let usage: UsageState | undefined;
      const show = separated(parts.write);
      await forEachItem(names, parts, async name => {
        const body = await client.request('GET', pathOf('hosts', name));
        if (format === 'json') return parts.write(renderJson(body));
        usage ??= await readUsage(client);
        show(renderHost(HostAnswer.parse(body), usage, parts.isUnicode));
      });
    });
  command
    .command('add <name> <ip> [cidr]')
    .description('adds a host; with a CIDR, all of its addresses in that network come from there, and nobody else gets any of it')
    .option('--tag <key=value>', 'a tag; may be given several times', collectTag, {})
    .action(async (name: string, ip: string, cidr: string | undefined, {tag}: {tag: Record<string, string>}, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const body = await client.request('POST', '/hosts', {name, ip, ...(cidr !== undefined && {cidr}), tags: tag});
      parts.write(renderChange(format, body, `Host (${name}) added successfully.`));
    });
  command
    .command('remove <nameOrIp...>')
    .description('removes hosts with their addresses')
    .action(async (namesOrIps: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const {hosts} = HostList.parse(await client.request('GET', '/hosts'));
      await forEachItem(namesOrIps, parts, async nameOrIp => {
        const named = hosts.find(({name: known}) => known === nameOrIp);
        const name = (named ?? hosts.find(({ip}) => isAddress(nameOrIp) && ip === parseAddress(nameOrIp)))?.name ?? nameOrIp;
        const body = await client.request('DELETE', pathOf('hosts', name));
        parts.write(renderChange(format, body, `Host (${name}) removed successfully.`));
      });
    });
  command
    .command('tag <name>')
    .argument('<key=value...>', 'tags', collectTag)
    .description('sets tags; "key=" removes one')
    .action(async (name: string, collected: Record<string, string>, _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const tags = Object.entries(collected);
      const body = await client.request('PATCH', pathOf('hosts', name), {
        tags: Object.fromEntries(tags.map(([key, value]) => [key, value === '' ? null : value])),
      });
      parts.write(renderChange(format, body, `Host (${name}) tagged successfully.`));
    });
  for (const [verb, isDrained, what] of [
    ['drain', true, 'gives the host no more addresses, and withdraws what it announces once traffic has another path'],
    ['undrain', false, 'lets the host have addresses, and announce its prefixes, again'],
  ] as const) {
    command
      .command(`${verb} <name...>`)
      .description(what)
      .option('--no-wait', 'do not wait until a host has done so')
      .action(async (names: string[], {wait}: {wait: boolean}, self: Command) => {
        const context = await parts.open(self.optsWithGlobals());
        const signal = wait ? parts.stopSignal() : undefined;
        // One after the other: what the first one carried may have gone to the next one.
        await forEachItem(names, parts, async name => {
          if (signal?.aborted) throw new Error(`${name} is left as it is`);
          await setDrained({name, isDrained, signal}, context, parts);
        });
      });
  }
  return addExamples(
    command,
    'host add host-1 192.168.20.30 --tag rack=rack-1',
    'host add host-2 192.168.20.31 10.1.5.0/24',
    'host show host-1 host-2',
    'host remove 192.168.20.30 host-2',
  );
}

function collectTag(pair: string, tags: Record<string, string> = {}): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/.exec(pair) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError('expected key=value');
  return {...tags, [key]: value};
}
