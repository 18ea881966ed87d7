import {Command, InvalidArgumentError} from 'commander';
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
      const rows = HostList.parse(body).hosts.map(host => [host.ip, host.name, renderTags(host), renderGroups(host)]);
      parts.write(`Host List\n${renderTable(['Host IP', 'Host Name', 'Tags', 'Groups'], rows)}`);
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
        const state = host.drained ? 'drained' : 'in use';
        parts.write(
          `Host ${host.name}\n  IP      ${host.ip}\n  Tags    ${renderTags(host)}\n  Groups  ${renderGroups(host)}\n  State   ${state}\n`,
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
  for (const [verb, drained] of [
    ['drain', true],
    ['undrain', false],
  ] as const) {
    command
      .command(`${verb} <name>`)
      .description(drained ? 'gives the host no more addresses' : 'lets the host have addresses again')
      .action(async (name: string, _options, self: Command) => {
        const {client} = await parts.open(self.optsWithGlobals());
        await client.request('PATCH', hostPath(name), {drained});
        parts.write(`Host (${name}) ${verb}ed successfully.\n`);
      });
  }
  return command;
}

function collectTag(pair: string, tags: Record<string, string>): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/.exec(pair) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError('expected key=value');
  return {...tags, [key]: value};
}

function renderTags({tags}: HostView): string {
  const pairs = Object.entries(tags ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? '-' : pairs.join(',');
}

function renderGroups({groups}: HostView): string {
  const all = Object.entries(groups ?? {}).map(([network, {path, cidr}]) => `${network}:${path === '' ? cidr : `${path} (${cidr})`}`);
  return all.length === 0 ? '-' : all.join(', ');
}
