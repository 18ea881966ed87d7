import {Command} from 'commander';
import {InputError} from '../core/errors.ts';
import {labNames, namespacesOf, removeLab} from '../lab/down.ts';
import {readLab, startLab} from '../lab/lab.ts';
import {parseLabFile} from '../lab/lab-file.ts';
import {namespaceOf, namespacePrefix} from '../lab/names.ts';
import type {LabParts} from '../lab/parts.ts';
import {labStatus} from '../lab/status.ts';
import {statusTable} from './lab-table.ts';

export interface LabCommandParts extends LabParts {
  /** Writes a line to standard output. */
  print(line: string): void;
  /** Runs a command on our own terminal and gives its exit status. */
  attach(command: string, args: readonly string[]): Promise<number>;
  /** The user's number; the lab needs root. */
  readonly userId: number;
}

/** `romana lab`: multi-rack labs on this machine, in network namespaces. */
export function labCommand(parts: LabCommandParts): Command {
  const lab = new Command('lab').description('multi-rack labs in network namespaces of this machine (as root)');
  lab.hook('preAction', () => {
    if (parts.userId !== 0)
      throw new InputError('ERR_LAB_ROOT', 'the lab makes network namespaces and so needs root: run this command with sudo');
  });
  lab
    .command('up <file>')
    .description('start a lab from its file; one of the same name is removed first')
    .option('--name <name>', "the lab's name, instead of the file's")
    .option('--fabric-only', 'routers and hosts only: no etcd, daemon or agents')
    .action((file: string, options: {name?: string; fabricOnly?: boolean}) => up(parts, file, options));
  lab
    .command('status [name]')
    .description('processes, sessions and routes of every node')
    .action((name: string | undefined, _options: unknown, command: Command) => status(parts, name, command.optsWithGlobals()));
  lab
    .command('exec <node> <command...>')
    .description('run a command inside a node or endpoint: romana lab exec host-1 -- ip route')
    .option('--lab <name>', 'the lab, where several are running')
    .action((node: string, command: string[], options: {lab?: string}) => execute(parts, node, command, options.lab));
  lab
    .command('down [name]')
    .description('remove a lab, or what is left of it')
    .action((name: string | undefined) => down(parts, name));
  lab
    .command('list')
    .description('the labs of which anything is there')
    .action(async () => (await labNames(parts.run)).forEach(parts.print));
  return lab;
}

async function up(parts: LabCommandParts, file: string, {name, fabricOnly = false}: {name?: string; fabricOnly?: boolean}): Promise<void> {
  const text = await parts.readFileIfPresent(file);
  if (text === undefined) throw new InputError('ERR_LAB_FILE', `cannot read lab file ${file}: no such file`);
  const start = parts.clock.now();
  const plan = await startLab(parts, parseLabFile(text, file, name), {control: !fabricOnly});
  const seconds = ((parts.clock.now() - start) / 1000).toFixed(1);
  parts.print(
    `lab ${plan.name} is up after ${seconds} s: ${plan.nodes.map(node => node.name).join(', ')}; its files are in ${plan.folder}`,
  );
}

async function status(parts: LabCommandParts, name: string | undefined, {format}: {format?: string}): Promise<void> {
  const nodes = await labStatus(parts, await readLab(parts, await labNameOf(parts, name)));
  parts.print(format === 'json' ? JSON.stringify(nodes, undefined, 2) : statusTable(nodes));
}

async function execute(parts: LabCommandParts, node: string, command: readonly string[], lab: string | undefined): Promise<void> {
  const name = await labNameOf(parts, lab);
  const namespaces = await namespacesOf(parts.run, name);
  if (!namespaces.includes(namespaceOf(name, node))) {
    const known = namespaces.map(namespace => namespace.slice(namespacePrefix(name).length)).join(', ');
    throw new InputError('ERR_LAB_NODE', `lab ${name} has no node ${JSON.stringify(node)}, expected one of: ${known}`);
  }
  const status = await parts.attach('ip', ['netns', 'exec', namespaceOf(name, node), ...command]);
  if (status !== 0) process.exit(status);
}

async function down(parts: LabCommandParts, given: string | undefined): Promise<void> {
  const names = await labNames(parts.run);
  if (given === undefined && names.length === 0) return parts.print('no lab is running');
  const name = given ?? (await labNameOf(parts, given));
  parts.print((await removeLab(parts, name)) ? `lab ${name} is removed` : `there is nothing of a lab named ${name}`);
}

/** The lab that is meant: the one named, or the only one there is. */
async function labNameOf(parts: LabCommandParts, name: string | undefined): Promise<string> {
  if (name !== undefined) return name;
  const names = await labNames(parts.run);
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  if (only === undefined) throw new InputError('ERR_LAB_UNKNOWN', 'no lab is running');
  throw new InputError('ERR_LAB_UNKNOWN', `several labs are running, name one of: ${names.join(', ')}`);
}
