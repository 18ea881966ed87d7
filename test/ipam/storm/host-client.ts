import type {ClientOptions, Step} from './address-client.ts';
import {anyHostState, type HostModel, type HostState} from './model.ts';
import {describe, type Outcome} from './system.ts';

export interface HostClientOptions extends ClientOptions {
  readonly count: number;
  /** The number of this client, for IPs and prefixes of its own. */
  readonly number: number;
}

/** A client that adds, drains, labels and removes hosts. */
export function createHostClient({system, model, random, id, number, count}: HostClientOptions): Step {
  return async () => {
    const index = random.between(1, count);
    const host = model.host(`${id}-${index}`);
    const before = host.state.now();
    const dice = random.number();
    if (before.includes('absent') && dice < 0.85) await add(host, index);
    else if (dice < 0.45) await remove(host);
    else if (dice < 0.7) await change(host, {drained: !before.includes('drained')}, before.includes('drained') ? 'up' : 'drained');
    else await change(host, random.number() < 0.5 ? {tags: tags()} : {ip: ipOf(index, random.between(0, 1))}, undefined);
  };

  /** Each host has two IPs that no other host has. Those of one client lie where addresses are given out as well. */
  function ipOf(index: number, which: number): string {
    return number === 3 ? `10.1.0.${index * 8 + which}` : `192.168.${number}.${index * 2 + which}`;
  }

  function isIpOfOther({status, body}: Outcome): boolean {
    return number === 3 && status === 409 && / is in use: it is (?:the address of|that of VIP) /.test(body.details);
  }

  function tags(): Record<string, string> {
    return random.number() < 0.6 ? {rack: random.pick(['r1', 'r2', 'r3', 'r4', 'r9'])} : {};
  }

  async function add(host: HostModel, index: number): Promise<void> {
    const cidr = random.number() < 0.2 ? `10.1.${60 + (number % 4)}.${((number >> 2) * 64 + index * 16) & 255}/28` : undefined;
    if (cidr !== undefined) host.isSmall = true;
    const body = {name: host.name, ip: ipOf(index, random.between(0, 1)), tags: tags(), ...(cidr && {cidr})};
    const outcome = await ask(host, 'POST', '/hosts', body, ['up']);
    // A prefix may lie over blocks of others, or in no single group.
    const isPrefixUnfit = cidr !== undefined && [409, 422].includes(outcome.status);
    if (outcome.kind === 'refused' && !outcome.before.some(state => state !== 'absent') && !isPrefixUnfit && !isIpOfOther(outcome))
      complain('not added without need', outcome);
    if (outcome.kind === 'done' && !outcome.before.includes('absent')) complain('a host was added twice', outcome);
    if (outcome.kind === 'done' && random.number() < 0.3) {
      const look = await system.ask(random, 'GET', `/hosts/${host.name}`, undefined, outcome.daemon);
      if (look.status === 404) complain('a host that was added is not shown', outcome);
    }
  }

  async function remove(host: HostModel): Promise<void> {
    const removal = {from: system.tick(), to: Number.POSITIVE_INFINITY, isDone: false};
    host.removals.push(removal);
    const outcome = await ask(host, 'DELETE', `/hosts/${host.name}`, undefined, ['absent'], anyHostState);
    if (outcome.kind !== 'unknown') removal.to = outcome.to;
    removal.isDone = outcome.kind === 'done';
    checkRefusal(outcome);
    if (outcome.kind === 'done' && outcome.before.every(state => state === 'absent'))
      complain('a host that is not there was removed', outcome);
  }

  async function change(host: HostModel, patch: object, after: HostState | undefined): Promise<void> {
    const outcome = await ask(host, 'PATCH', `/hosts/${host.name}`, patch, after === undefined ? undefined : [after]);
    // Other labels may not fit where the host stands.
    const areTagsUnfit = 'tags' in patch && outcome.status === 409;
    if (!areTagsUnfit && !isIpOfOther(outcome)) checkRefusal(outcome);
    if (outcome.kind === 'done' && outcome.before.every(state => state === 'absent'))
      complain('a host that is not there was changed', outcome);
  }

  /** Asks, and notes what may become of the host meanwhile and what has become of it then. */
  async function ask(
    host: HostModel,
    method: string,
    path: string,
    body: unknown,
    after: readonly HostState[] | undefined,
    during: readonly HostState[] = after ?? [],
  ): Promise<Attempt> {
    const before = host.state.now();
    host.state.set(system.tick(), [...new Set([...before, ...during])]);
    const outcome = await system.ask(random, method, path, body);
    host.state.set(outcome.to, outcome.kind === 'unknown' ? anyHostState : outcome.kind === 'done' && after !== undefined ? after : before);
    return {...outcome, before, request: describe(method, path, body, outcome)};
  }

  /** Whatever is done to a host that is there is done. */
  function checkRefusal(outcome: Attempt): void {
    // Nobody knows how an earlier request has ended, or whether it has.
    if (outcome.kind !== 'refused' || outcome.before.length === anyHostState.length) return;
    if (outcome.status !== 404 || !outcome.before.includes('absent')) complain('refused without need', outcome);
  }

  function complain(reason: string, {request, before}: Attempt): void {
    system.complain(`${reason}: ${request}; it was ${before.join(' or ')}`);
  }
}

interface Attempt extends Outcome {
  readonly before: readonly HostState[];
  readonly request: string;
}
