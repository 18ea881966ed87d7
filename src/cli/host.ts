import {Command, InvalidArgumentError} from 'commander';
import {setDrained} from './drain.ts';
import {type CliParts, forEachItem, renderJson} from './parts.ts';
import {renderTable} from './table.ts';
import {HostList, HostView} from './wire.ts';

const hostPath = (name: string) => `/hosts/${encodeURIComponent(name)}`;

/** `romana host …` */
export function hostCommand(parts: CliParts): Command {
  const command = new Command('host').description('the hosts that carry endpoints');
  command
    .command('list')
    .description('all hosts')
    .action(async (_options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const body = await client.request('GET', '/hosts');
      if (format === 'json') return parts.write(renderJson(body));
      const rows = HostList.parse(body).hosts.map(host => [host.ip, host.name, renderTags(host), renderGroups(host), stateOf(host)]);
      parts.write(`Host List\n${renderTable(['Host IP', 'Host Name', 'Tags', 'Groups', 'State'], rows)}`);
    });
  command
    .command('show <name...>')
    .description('some hosts in detail')
    .action(async (names: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      await forEachItem(names, parts, async name => {
        const body = await client.request('GET', hostPath(name));
        if (format === 'json') return parts.write(renderJson(body));
        const host = HostView.parse(body);
        parts.write(
          `Host ${host.name}\n  IP      ${host.ip}\n  Tags    ${renderTags(host)}\n  Groups  ${renderGroups(host)}\n  State   ${stateOf(host)}\n`,
        );
      });
    });
  command
    .command('add <name> <ip>')
    .description('adds a host')
    .option('--tag <key=value>', 'a tag; may be given several times', collectTag, {})
    .action(async (name: string, ip: string, {tag}: {tag: Record<string, string>}, self: Command) => {
      const {client} = await parts.open(self.optsWithGlobals());
      await client.request('POST', '/hosts', {name, ip, tags: tag});
      parts.write(`Host (${name}) added successfully.\n`);
    });
  command
    .command('remove <nameOrIp>')
    .description('removes a host with its addresses')
    .action(async (nameOrIp: string, _options, self: Command) => {
      const {client} = await parts.open(self.optsWithGlobals());
      const {hosts} = HostList.parse(await client.request('GET', '/hosts'));
      const name = hosts.find(({ip}) => ip === nameOrIp)?.name ?? nameOrIp;
      await client.request('DELETE', hostPath(name));
      parts.write(`Host (${name}) removed successfully.\n`);
    });
  command
    .command('tag <name> <key=value...>')
    .description('sets tags; "key=" removes one')
    .action(async (name: string, pairs: string[], _options, self: Command) => {
      const {client} = await parts.open(self.optsWithGlobals());
      const tags = Object.entries(pairs.reduce<Record<string, string>>((all, pair) => collectTag(pair, all), {}));
      await client.request('PATCH', hostPath(name), {
        tags: Object.fromEntries(tags.map(([key, value]) => [key, value === '' ? null : value])),
      });
      parts.write(`Host (${name}) tagged successfully.\n`);
    });
  for (const [verb, isDrained, what] of [
    ['drain', true, 'gives the host no more addresses, and withdraws what it announces once traffic has another path'],
    ['undrain', false, 'lets the host have addresses, and announce its prefixes, again'],
  ] as const) {
    command
      .command(`${verb} <name>`)
      .description(what)
      .option('--no-wait', 'do not wait until the host has done so')
      .action(async (name: string, {wait}: {wait: boolean}, self: Command) => {
        await setDrained({name, isDrained, isWaiting: wait}, await parts.open(self.optsWithGlobals()), parts);
      });
  }
  return command;
}

function collectTag(pair: string, tags: Record<string, string>): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/.exec(pair) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError('expected key=value');
  return {...tags, [key]: value};
}

function stateOf({drained}: HostView): string {
  return drained ? 'drained' : 'in use';
}

function renderTags({tags}: HostView): string {
  const pairs = Object.entries(tags ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? '-' : pairs.join(',');
}

function renderGroups({groups}: HostView): string {
  const all = Object.entries(groups ?? {}).map(([network, {path, cidr}]) => `${network}:${path === '' ? cidr : `${path} (${cidr})`}`);
  return all.length === 0 ? '-' : all.join(', ');
}
