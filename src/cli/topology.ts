import {Command} from 'commander';
import {renderDryRun} from './dry-run.ts';
import {type CliParts, renderChange, renderJson} from './parts.ts';
import {parseDocument} from './topology-input.ts';
import {planCommand} from './topology-plan.ts';
import {renderTopologyTree} from './topology-tree.ts';
import {readUsage} from './usage-view.ts';
import {DryRun} from './wire.ts';

/** `romana topology …` */
export function topologyCommand(parts: CliParts): Command {
  const command = new Command('topology').description('networks and the prefix groups that they are divided into');
  for (const [verb, hosts] of [
    ['list', 'the first hosts of each'],
    ['show', 'all hosts'],
  ] as const) {
    command
      .command(verb)
      .description(`the topology: the CIDR of every group, how much of it is in use, and ${hosts}`)
      .action(async (_options, self: Command) => {
        const {client, format} = await parts.open(self.optsWithGlobals());
        if (format === 'json') return parts.write(renderJson(await client.request('GET', '/topology')));
        const {topology, usageOf} = await readUsage(client);
        parts.write(renderTopologyTree(topology, usageOf, {isUnicode: parts.isUnicode, isWhole: verb === 'show'}));
      });
  }
  command
    .command('update [file]')
    .description('replaces the topology by the document in a file, or on standard input')
    .option('--dry-run', 'only say what would change and what would not fit')
    .action(async (file: string | undefined, {dryRun}: {dryRun?: boolean}, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const document = parseDocument(await parts.readInput(file), file ?? 'standard input');
      if (!dryRun) {
        const body = await client.request('POST', '/topology', document);
        return parts.write(renderChange(format, body, 'Topology updated successfully.'));
      }
      const body = await client.request('POST', '/topology?dry_run=true', document);
      const outcome = DryRun.parse(body);
      parts.write(format === 'json' ? renderJson(body) : renderDryRun(outcome));
      if (!outcome.fits) throw new Error(`the topology in ${file ?? 'standard input'} does not fit`);
    });
  command.addCommand(planCommand(parts));
  return command;
}
