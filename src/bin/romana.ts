import {Command, CommanderError} from 'commander';
import {InputError, messageOf} from '../core/errors.ts';
import {version} from '../system/version.ts';

// Each part is loaded only when it is asked for: the command line must start quickly.
const parts: Readonly<Record<string, () => Promise<Command>>> = {
  daemon: async () => (await import('./daemon.ts')).daemonCommand('daemon'),
  agent: async () => (await import('./agent.ts')).agentCommand(),
  ipamd: async () => (await import('./daemon.ts')).daemonCommand('ipamd'),
};

async function main(args: readonly string[]): Promise<number> {
  const program = new Command('romana')
    .description('makes this host a well-behaved router for its workloads')
    .version(version)
    .exitOverride()
    .configureOutput({outputError: (text, write) => write(text.replace(/^error: /, 'romana: '))});
  const noun = args.find(argument => argument in parts);
  const wanted = noun === undefined ? Object.values(parts) : [parts[noun]];
  for (const load of wanted) if (load !== undefined) program.addCommand((await load()).exitOverride());
  try {
    await program.parseAsync(['node', 'romana', ...args]);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`romana: ${messageOf(error)}\n`);
    if (error instanceof InputError) return error.code === 'ERR_CONFIG' || error.code === 'ERR_USAGE' ? 2 : 1;
    if (process.env['ROMANA_DEBUG'] !== undefined) console.error(error);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
// Should anything still hold the process up (a connection on its way out), it does not wait for it.
setTimeout(() => process.exit(), 2000).unref();
