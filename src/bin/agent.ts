import {Command} from 'commander';
import {fetchAgentObjects, fetchAgentStatus} from '../agent/client.ts';
import {type AgentCommandParts, agentCleanCommand, agentStatusCommand} from '../cli/agent.ts';
import {printConfig} from '../config/print.ts';
import {InputError} from '../core/errors.ts';
import {cleanHost, createDrivers} from '../drivers/drivers.ts';
import {systemClock} from '../system/clock.ts';
import {systemFiles} from '../system/file-system.ts';
import {createShellRun} from '../system/shell.ts';
import {runAgent} from './agent-run.ts';
import {addProgramOptions, loadConfig, type ProgramFlags, splitList} from './program.ts';

/** `romana agent`: the reconcile loop of a host, until SIGTERM. What it made on the host stays when it stops. */
export function agentCommand(): Command {
  return addProgramOptions(new Command('agent').description('makes this host a router for its endpoints'))
    .option('--host-name <name>', 'the name of this host in Romana')
    .option('--host-address <address/length>', 'its address, or one of each family, comma-separated', splitList)
    .addCommand(agentStatusCommand(parts))
    .addCommand(agentCleanCommand(parts))
    .action(async (flags: ProgramFlags) => {
      const config = await loadConfig(flags);
      if (flags.checkConfig === true) process.stdout.write(printConfig(config));
      else await runAgent(config);
    });
}

const parts: AgentCommandParts = {
  now: () => Date.now(),
  write: text => process.stdout.write(text),
  async fetchStatus({socket, config}) {
    const file = socket ?? (await loadConfig({...(config !== undefined && {config})})).agent.socket;
    const [status, objects] = await Promise.all([fetchAgentStatus(file), fetchAgentObjects(file)]);
    return {...status, objects};
  },
  async clean({config: file}) {
    const {agent} = await loadConfig({...(file !== undefined && {config: file})});
    const isRunning = await fetchAgentStatus(agent.socket).then(
      () => true,
      () => false,
    );
    if (isRunning) throw new InputError('ERR_AGENT_RUNNING', 'cannot clean: the agent is running and would put it all back: stop it first');
    return cleanHost(
      createDrivers({run: createShellRun(), files: systemFiles, clock: systemClock, settings: agent, publish: agent.publish}),
    );
  },
};
