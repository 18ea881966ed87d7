import {Command} from 'commander';
import {z} from 'zod';
import {type Client, RequestError} from './client.ts';
import {type CliParts, renderJson} from './parts.ts';
import {clip, pageWidth, renderAge, renderTable, wrap} from './table.ts';
import {VipList, type VipView} from './wire.ts';

const Bird = z.object({
  running: z.boolean(),
  unanswered: z.string().optional(),
  accepted_age_seconds: z.number().optional(),
  stale: z.boolean(),
  stale_reason: z.string().optional(),
  stale_age_seconds: z.number().optional(),
  problem: z.object({reason: z.string(), file: z.string().optional(), line: z.number().optional()}).optional(),
  trial: z.object({waiting_for: z.array(z.string())}).optional(),
  warnings: z.array(z.unknown()),
  sessions: z.array(z.object({proto: z.string(), up: z.boolean()})),
});

/** A host of GET /status, as far as the table shows it. */
type HostStatus = z.infer<typeof HostStatus>;
const HostStatus = z.object({
  host: z.string(),
  drained: z.boolean(),
  reported: z.boolean(),
  age_seconds: z.number().optional(),
  announced: z.number().optional(),
  bird: Bird.nullish(),
  drivers: z.array(z.object({name: z.string(), error: z.string().optional()})).optional(),
  drain: z.object({state: z.string(), with_other_path: z.number(), prefixes: z.number()}).optional(),
});

/** An agent reports every 30 s at least. */
const silentSeconds = 90;

/** `romana status`: the daemon, all hosts, and who holds VIPs. */
export function statusCommand(parts: CliParts): Command {
  return new Command('status')
    .description('the whole system: the daemon, what the agent of every host last reported, and VIPs that nobody holds')
    .option('--host <name>', 'only this host')
    .action(async ({host}: {host?: string}, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const daemon = await readDaemon(client);
      const hosts = await client.request('GET', host === undefined ? '/status' : `/status?${new URLSearchParams({host})}`);
      const vips = VipList.parse(await client.request('GET', '/vips')).filter(({holder}) => host === undefined || holder === host);
      if (format === 'json') return parts.write(renderJson({daemon, hosts, vips}));
      parts.write(renderStatus(daemon, z.array(HostStatus).parse(hosts), vips));
    });
}

interface Daemon {
  readonly version: string;
  readonly ready: boolean;
  /** Why it is not ready. */
  readonly reason?: string;
}

async function readDaemon(client: Client): Promise<Daemon> {
  const {version} = z.object({version: z.string()}).parse(await client.request('GET', '/version'));
  try {
    await client.request('GET', '/readyz');
    return {version, ready: true};
  } catch (error) {
    if (!(error instanceof RequestError) || error.status !== 503) throw error;
    return {version, ready: false, reason: 'the store is not reachable, what is shown is what was last known'};
  }
}

function renderStatus({version, ready, reason}: Daemon, hosts: readonly HostStatus[], vips: readonly VipView[]): string {
  const states = Map.groupBy(hosts, stateOf);
  const counts = [...states].map(([state, members]) => `${members.length} ${state}`);
  const rows = hosts.map(rowOf);
  const widthOf = (column: number) => Math.max(headings[column]?.length ?? 0, ...rows.map(row => row[column]?.length ?? 0));
  const others = headings.slice(0, -1).reduce((sum, _, column) => sum + widthOf(column) + 2, 0);
  const problems = [...hosts.flatMap(problemLines), ...vips.filter(isLoose).map(({name, ip}) => `VIP ${name} (${ip}): no host holds it`)];
  return [
    `daemon  version ${version}, ${ready ? 'ready' : `not ready: ${reason}`}\n`,
    `hosts   ${hosts.length === 0 ? 'none' : `${hosts.length}: ${counts.join(', ')}`}\n`,
    vips.length === 0 ? '' : `vips    ${vipCounts(vips)}\n`,
    '\n',
    renderTable(
      headings,
      rows.map(row => row.with(-1, clip(row.at(-1) ?? '', pageWidth - others))),
    ),
    problems.length === 0 ? '' : `\n${problems.join('\n')}\n`,
  ].join('');
}

function vipCounts(vips: readonly VipView[]): string {
  const loose = vips.filter(isLoose).length;
  const counts = [[vips.length - loose, 'held'] as const, [loose, 'held by no host'] as const].filter(([count]) => count > 0);
  return `${vips.length}: ${counts.map(([count, state]) => `${count} ${state}`).join(', ')}`;
}

function isLoose({holder}: VipView): boolean {
  return holder === '';
}

const headings = ['HOST', 'STATE', 'SESSIONS', 'PREFIXES', 'REPORT', 'BIRD'];

/** What the table has no room for: why a configuration is not live, and what drivers cannot do. */
function problemLines({host, bird, drivers = []}: HostStatus): string[] {
  const {reason, file, line} = bird?.problem ?? {};
  const place = file === undefined ? '' : ` in ${file}${line === undefined ? '' : `, line ${line}`}`;
  const failed = drivers.filter(({name, error}) => error !== undefined && (name !== 'bird' || reason === undefined));
  const texts = [...(reason === undefined ? [] : [`bird: ${reason}${place}`]), ...failed.map(({name, error}) => `${name}: ${error}`)];
  return texts.flatMap(text => wrap(`${host}: ${text}`, pageWidth - 4).map((shown, index) => (index === 0 ? shown : `    ${shown}`)));
}

function rowOf(status: HostStatus): string[] {
  const {host, announced, age_seconds, bird} = status;
  const sessions = (bird?.sessions ?? []).filter(({proto}) => proto !== 'BFD');
  return [
    clip(host, 30),
    stateOf(status),
    bird ? `${sessions.filter(({up}) => up).length}/${sessions.length}` : '-',
    announced === undefined ? '-' : String(announced),
    age_seconds === undefined ? '-' : `${renderAge(age_seconds)} ago`,
    birdText(status),
  ];
}

/** One word for a host; the worst that is true of it. */
function stateOf({reported, age_seconds = 0, bird, drivers = [], drain, drained}: HostStatus): string {
  if (!reported) return 'unreported';
  if (age_seconds > silentSeconds) return 'silent';
  const sessions = bird?.sessions ?? [];
  if (drivers.some(({error}) => error !== undefined) || bird?.stale === true || bird?.running === false) return 'failing';
  if (drain !== undefined) return drain.state;
  if (sessions.length > 0 && sessions.every(({proto, up}) => proto === 'BFD' || !up)) return 'isolated';
  return drained ? 'drained' : 'ok';
}

function birdText({reported, bird, drivers = [], drain}: HostStatus): string {
  if (!reported) return '-';
  const parts = [
    ...(drain?.state === 'draining' ? [`${drain.with_other_path} of ${drain.prefixes} have another path`] : []),
    ...drivers.filter(({name, error}) => name !== 'bird' && error !== undefined).map(({name}) => `${name} fails`),
    bird ? birdState(bird) : 'publishing is off',
    ...(bird && bird.warnings.length > 0 ? [`${bird.warnings.length} warning${bird.warnings.length === 1 ? '' : 's'}`] : []),
  ];
  return parts.join('; ');
}

function birdState({
  running,
  unanswered,
  stale,
  stale_reason,
  stale_age_seconds,
  accepted_age_seconds,
  trial,
}: z.infer<typeof Bird>): string {
  if (!running) return 'not running';
  if (unanswered !== undefined) return 'does not answer';
  if (trial !== undefined) return `new configuration on trial, waits for ${trial.waiting_for.join(', ') || 'nothing more'}`;
  if (stale) return `stale${stale_age_seconds === undefined ? '' : ` for ${renderAge(stale_age_seconds)}`}: ${stale_reason ?? ''}`;
  return accepted_age_seconds === undefined ? 'nothing accepted' : `accepted ${renderAge(accepted_age_seconds)} ago`;
}
