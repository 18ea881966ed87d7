import {Command} from 'commander';
import {z} from 'zod';
import type {AgentRequest} from '../agent/client.ts';
import {isPathStep} from '../core/endpoint-input.ts';
import {InputError} from '../core/errors.ts';
import {type EndpointFlags, parseEndpointFlags} from './endpoint-flags.ts';
import {addExamples} from './help.ts';
import {forEachItem, renderChange, renderJson} from './parts.ts';
import {pathOf} from './path.ts';
import {type Column, renderFittedTable} from './table.ts';

/** What the endpoint commands act through. */
export interface EndpointCommandParts {
  /** Gives what asks the agent of this host (or of the named socket, or of that in a configuration file). */
  open(flags: {readonly socket?: string; readonly config?: string}): Promise<(request: AgentRequest) => Promise<unknown>>;
  write(text: string): void;
  warn(text: string): void;
}

/** `romana endpoint …` */
export function endpointCommand(parts: EndpointCommandParts): Command {
  const command = new Command('endpoint')
    .description('workloads on this host, beside those of an orchestrator; as root')
    .option('--socket <file>', 'the socket of the agent')
    .option('--config <file>', 'configuration file that names the socket');
  command
    .command('list')
    .description('the endpoints of this host, and how each does')
    .action(async (_options, self: Command) => {
      const {request, format} = await opened(parts, self);
      const body = await request({method: 'GET', path: '/endpoints'});
      if (format === 'json') return parts.write(renderJson(body));
      parts.write(`Endpoint List\n${renderEndpoints(Endpoints.parse(body))}`);
    });
  command
    .command('add <name>')
    .description('makes a workload reachable: by an interface that leads to it, in a network namespace, or as a process of this host')
    .requiredOption('--ip <ip>', 'its address; may be given several times', collect)
    .option('--interface <name>', 'an interface of this host that leads to it, such as a tap device')
    .option('--netns <name|path>', 'its network namespace, which gets an interface with the address and a default route')
    .option('--ifname <name>', 'how that interface is called in there (eth0)')
    .option('--local', 'it is a process of this host: the address goes on the host itself')
    .option('--mtu <bytes>', 'of its interface; else that of the uplink with --netns, and as it is with --interface')
    .action(async (name: string, flags: EndpointFlags, self: Command) => {
      const [path, record] = [endpointPath(name), parseEndpointFlags(flags)];
      const {request, format} = await opened(parts, self);
      const body = await request({method: 'PUT', path, body: record});
      const {ips, interface: dev, state, reason} = Endpoint.parse(body);
      const where = dev === undefined ? 'on this host itself' : `by ${dev}`;
      const note = state === 'ok' ? '' : `, but ${reason ?? state}`;
      parts.write(renderChange(format, body, `Endpoint (${name}) added: ${ips.join(', ')} ${where}${note}.`));
    });
  command
    .command('remove <name...>')
    .description('takes workloads away again; what they brought along themselves stays')
    .action(async (names: string[], _options, self: Command) => {
      const {request, format} = await opened(parts, self);
      await forEachItem(names, parts, async name => {
        const body = await request({method: 'DELETE', path: endpointPath(name)});
        parts.write(renderChange(format, body, `Endpoint (${name}) removed successfully.`));
      });
    });
  return addExamples(
    command,
    'endpoint add web-1 --ip 10.1.0.3 --interface tap3',
    'endpoint add web-1 --ip "$(romana address allocate web-1 --host host-1 -f json | tr -d \\")" --netns web-1',
    'endpoint add dns --ip 10.1.0.4 --local',
    'endpoint remove web-1',
  );
}

const Endpoint = z.object({
  name: z.string(),
  ips: z.array(z.string()),
  interface: z.string().optional(),
  state: z.string(),
  reason: z.string().optional(),
});
const Endpoints = z.array(Endpoint);

export interface ShownEndpoint {
  readonly name: string;
  readonly ips: readonly string[];
  readonly interface?: string | undefined;
  readonly state: string;
  readonly reason?: string | undefined;
}

/** Endpoints as a table; without any only its headings. */
export function renderEndpoints(endpoints: readonly ShownEndpoint[]): string {
  const rows = endpoints.map(({name, ips, interface: dev = 'this host', state, reason}) => [
    name,
    ips.join(', '),
    dev,
    reason === undefined ? state : `${state}: ${reason}`,
  ]);
  return renderFittedTable(columns, rows);
}

const columns: readonly Column[] = [
  {heading: 'Name', isCut: true},
  {heading: 'IPs'},
  {heading: 'Interface'},
  {heading: 'State', isCut: true},
];

async function opened({open}: EndpointCommandParts, self: Command) {
  const {socket, config, format = 'table'} = self.optsWithGlobals<{socket?: string; config?: string; format?: string}>();
  if (format !== 'table' && format !== 'json') {
    throw new InputError('ERR_USAGE', `unknown format ${JSON.stringify(format)}, expected table or json`);
  }
  const shown: 'table' | 'json' = format;
  return {request: await open({...(socket !== undefined && {socket}), ...(config !== undefined && {config})}), format: shown};
}

// A URL takes "." and ".." for steps.
function endpointPath(name: string): string {
  if (isPathStep(name)) return pathOf('endpoints', name);
  throw new InputError('ERR_USAGE', `no endpoint can have the name ${JSON.stringify(name)}`);
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
