import {homedir} from 'node:os';
import path from 'node:path';
import {Command, CommanderError} from 'commander';
import {InputError, messageOf} from '../core/errors.ts';
import {version} from '../system/version.ts';

// Each part is loaded only when it is asked for: the command line must start quickly.
const nouns: Readonly<Record<string, () => Promise<Command>>> = {
  agent: async () => (await import('./agent.ts')).agentCommand(),
  daemon: async () => (await import('./daemon.ts')).daemonCommand('daemon'),
  ipamd: async () => (await import('./daemon.ts')).daemonCommand('ipamd'),
  host: async () => (await import('../cli/host.ts')).hostCommand(await cliParts()),
  network: async () => (await import('../cli/network.ts')).networkCommand(await cliParts()),
  block: async () => (await import('../cli/block.ts')).blockCommand(await cliParts()),
  address: async () => (await import('../cli/address.ts')).addressCommand(await cliParts()),
  blackout: async () => (await import('../cli/blackout.ts')).blackoutCommand(await cliParts()),
  tenant: async () => (await import('../cli/tenant.ts')).tenantCommand(await cliParts()),
  segment: async () => (await import('../cli/segment.ts')).segmentCommand(await cliParts()),
  vip: async () => (await import('../cli/vip.ts')).vipCommand(await cliParts()),
  endpoint: async () => (await import('../cli/endpoint.ts')).endpointCommand((await import('./endpoint.ts')).createEndpointParts()),
  explain: async () => (await import('../cli/explain.ts')).explainCommand(await cliParts()),
  topology: async () => (await import('../cli/topology.ts')).topologyCommand(await cliParts()),
  template: async () => (await import('../cli/template.ts')).templateCommand((await import('./template.ts')).createTemplateParts()),
  status: async () => (await import('../cli/status.ts')).statusCommand(await cliParts()),
  lab: async () => (await import('../cli/lab.ts')).labCommand((await import('./lab-parts.ts')).createLabParts()),
};

// For these --config names romana.yaml, for the other nouns the command line's own file.
const programs = new Set(['agent', 'daemon', 'ipamd', 'endpoint']);

// These ask no daemon: where it listens is nothing to their help.
const offline = new Set([...programs, 'template', 'lab']);

async function cliParts() {
  return (await import('./cli-parts.ts')).createCliParts([path.join(homedir(), '.romana.yaml'), '/etc/romana/cli.yaml']);
}

async function main(args: readonly string[]): Promise<number> {
  const noun = args.find(argument => Object.hasOwn(nouns, argument));
  const program = new Command('romana').description('makes this host a well-behaved router for its workloads').version(version);
  if (noun === undefined || !programs.has(noun)) addClientOptions(program);
  else addOutputOptions(program);
  const wanted = noun === undefined ? Object.values(nouns) : [nouns[noun]];
  for (const load of wanted) if (load !== undefined) program.addCommand(await load());
  overrideExit(program);
  if (noun !== undefined && !offline.has(noun)) showGlobalOptions(program);
  try {
    await program.parseAsync(['node', 'romana', ...args]);
    // A command may have said no without an error.
    return process.exitCode === 1 ? 1 : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`romana: ${messageOf(error)}\n`);
    if (program.opts<{verbose?: boolean}>().verbose === true) console.error(error);
    return error instanceof InputError && wrongInput.has(error.code) ? 2 : 1;
  }
}

// Wrong usage or configuration: exit status 2.
const wrongInput = new Set(['ERR_CONFIG', 'ERR_USAGE', 'ERR_LAB_FILE']);

function addClientOptions(program: Command): void {
  program
    .option('-r, --rootURL <url>', 'where the daemon listens (http://127.0.0.1:9600)')
    .option('-p, --rootPort <port>', 'its port')
    .option('-c, --config <file>', "the command line's own file (~/.romana.yaml, then /etc/romana/cli.yaml)")
    .option('--token-file <file>', 'file with the token that the daemon asks for');
  addOutputOptions(program);
}

function addOutputOptions(program: Command): void {
  program.option('-f, --format <format>', 'table or json (table)').option('-v, --verbose', 'say more about errors');
}

/** Usage errors come back here, from whatever depth. */
function overrideExit(command: Command): Command {
  for (const inner of command.commands) overrideExit(inner);
  return command.exitOverride().configureOutput({outputError: (text, write) => write(text.replace(/^error: /, 'romana: '))});
}

/** In the help of every verb, since that is where one looks for -f. */
function showGlobalOptions(command: Command): void {
  for (const inner of command.commands) showGlobalOptions(inner);
  command.configureHelp({showGlobalOptions: true});
}

// A reader that has seen enough (`romana address list | head`) is no failure, and what is being changed is changed to its end.
let unwritten: string | undefined;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') unwritten = error.message;
});
// Such an error may come after all is done.
process.on('exit', () => {
  if (unwritten === undefined) return;
  process.stderr.write(`romana: cannot write to standard output: ${unwritten}\n`);
  process.exitCode = 1;
});

process.exitCode = await main(process.argv.slice(2));
// Should anything still hold the process up (a connection on its way out), it does not wait for it.
setTimeout(() => process.exit(), 2000).unref();
