import {z} from 'zod';
import {type Client, RequestError} from './client.ts';
import {DrainStatus, drainProgress} from './drain-progress.ts';
import {type CliContext, type CliParts, renderChange, renderJson} from './parts.ts';
import {pathOf} from './path.ts';

export interface DrainRequest {
  readonly name: string;
  readonly isDrained: boolean;
  /** Ends the waiting; without it nothing is waited for. */
  readonly signal: AbortSignal | undefined;
}

const lookMs = 1000;
const maxOutageMs = 30_000;

/** Takes a host out of use or back, and shows how its agent follows until it has. Throws when the waiting ends without that. */
export async function setDrained({name, isDrained, signal}: DrainRequest, {client, format}: CliContext, parts: CliParts): Promise<void> {
  const verb = isDrained ? 'drain' : 'undrain';
  const patch = () => client.request('PATCH', pathOf('hosts', name), {drained: isDrained});
  if (signal === undefined) return parts.write(renderChange(format, await patch(), `Host (${name}) ${verb}ed successfully.`));
  const isChange = (await readStatus(client, name)).status.drained !== isDrained;
  const requestedAt = parts.clock.now();
  await patch();

  let shown = '';
  let answeredAt = requestedAt;
  while (!signal.aborted) {
    const now = parts.clock.now();
    try {
      const {status, body} = await readStatus(client, name);
      answeredAt = now;
      const progress = drainProgress(status, {isDrained, isChange, elapsedSeconds: (now - requestedAt) / 1000});
      if (format === 'json' && progress.end !== undefined) parts.write(renderJson(body));
      if (progress.end === 'failed') throw new Error(progress.text);
      if (format !== 'json' && progress.key !== shown) parts.write(`${progress.text}\n`);
      if (progress.end === 'done') return;
      shown = progress.key;
    } catch (error) {
      // A daemon that is started anew must not end a wait of minutes.
      if (!isOutage(error) || now - answeredAt > maxOutageMs) throw error;
    }
    await parts.clock.sleep(lookMs, signal);
  }
  throw new Error(
    `not waiting any longer; the agent of ${name} goes on, as the store says that the host is ${isDrained ? 'drained' : 'in use'}`,
  );
}

async function readStatus(client: Client, name: string): Promise<{status: DrainStatus; body: unknown}> {
  const answer = z.array(z.unknown()).parse(await client.request('GET', `/status?${new URLSearchParams({host: name})}`));
  return {status: DrainStatus.parse(answer[0]), body: answer[0]};
}

function isOutage(error: unknown): boolean {
  return error instanceof RequestError && (error.status === undefined || error.status >= 500);
}
