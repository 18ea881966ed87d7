import type {Random} from '../../helpers/random.ts';
import {type Holding, type HostModel, type Model, type NameModel, type NameState, shared, show} from './model.ts';
import {describe, type Outcome, type StormSystem} from './system.ts';

/** One step of a client. It complains of every answer that cannot be right. */
export type Step = () => Promise<void>;

export interface ClientOptions {
  readonly system: StormSystem;
  readonly model: Model;
  readonly random: Random;
  /** Begins the names of all that is its own. */
  readonly id: string;
}

export interface AddressClientOptions extends ClientOptions {
  readonly hosts: readonly [string, ...string[]];
  readonly tenants: readonly [string, ...string[]];
  readonly segments: readonly [string, ...string[]];
  /** How many names it has. */
  readonly names: number;
  /** How often it asks for a name that others ask for, too. */
  readonly sharing: number;
  /** Whether an address is known to have lain in a blackout all the time between these two. */
  isBlackedOut(ip: string, from: number, to: number): boolean;
}

/** A client that gives names addresses and takes them back. */
export function createAddressClient(options: AddressClientOptions): Step {
  const {system, model, random, id, hosts, tenants, isBlackedOut} = options;

  return async () => {
    const name = random.number() < options.sharing ? `${shared}${random.between(1, 4)}` : `${id}-${random.between(1, options.names)}`;
    const family = random.number() < 0.2 ? 1 : 0;
    const isThere = model
      .name(name)
      [family].state.now()
      .some(state => typeof state === 'object');
    // Now and then the wrong thing, which has to be refused.
    if (name.startsWith(shared) ? random.number() < 0.5 : isThere === random.number() < 0.85) await release(name);
    else await allocate(name, family);
  };

  async function allocate(name: string, family: 0 | 1): Promise<void> {
    const host = model.host(random.pick(hosts));
    const of = model.name(name)[family];
    const before = of.state.now();
    of.state.set(system.tick(), ['unknown']);
    const tenant = random.pick(tenants);
    const body = {name, host: host.name, tenant, segment: random.pick(options.segments), ...(family === 1 && {family: 'ipv6'})};
    const outcome = await system.ask(random, 'POST', '/address', body);
    const {kind, from, to} = outcome;
    of.state.set(to, kind === 'unknown' ? ['unknown'] : before);
    const possible = model.aged(before, from, to);
    const complain = (reason: string) =>
      system.complain(`${reason}: ${describe('POST', '/address', body, outcome)}; it had ${show(possible)}`);
    if (kind === 'refused') {
      if (!isRefusalFair(outcome, host, possible)) complain('refused without need');
    } else if (kind === 'done') {
      const ip: string = outcome.body;
      if (!mayBeNone(possible)) complain('a name got a second address');
      if (!host.state.between(from, to).includes('up')) complain('an address was given on a host that takes none');
      if (isBlackedOut(ip, from, to)) complain('an address was given out of a blackout');
      const holder = model.holders.get(ip);
      if (holder !== undefined && holder.name !== of && model.isHeld(holder.name, holder.holding, from, to))
        complain(`an address was given twice (${holder.name.name} has it since ${holder.holding.to})`);
      const holding = {ip, host: host.name, from, to};
      of.state.set(to, [holding]);
      model.holders.set(ip, {name: of, holding});
      if (random.number() < 0.2) await lookAgain(of, holding, outcome);
    }
  }

  function isRefusalFair({status, body, from, to}: Outcome, host: HostModel, possible: readonly NameState[]): boolean {
    const known = / already allocated: (\S+)$/.exec(body?.details)?.[1];
    if (known !== undefined) return possible.some(state => state === 'unknown' || (typeof state === 'object' && state.ip === known));
    const states = host.state.between(from, to);
    if (status === 404) return states.includes('absent');
    if (!mayBeNone(possible)) return false;
    if (status === 507) return host.isSmall;
    return status === 409 && / is drained\.$/.test(body?.details) && states.includes('drained');
  }

  async function release(name: string): Promise<void> {
    const families = model.name(name);
    const before = families.map(({state}) => state.now());
    const start = system.tick();
    for (const {state} of families) state.set(start, ['unknown']);
    const path = `/address?addressName=${name}`;
    const outcome = await system.ask(random, 'DELETE', path);
    const {kind, status, from, to} = outcome;
    for (const [index, {state}] of families.entries()) {
      state.set(to, kind === 'done' ? ['none'] : kind === 'unknown' ? ['unknown'] : (before[index] ?? []));
    }
    const possible = before.map(states => model.aged(states, from, to));
    const complain = (reason: string) =>
      system.complain(`${reason}: ${describe('DELETE', path, undefined, outcome)}; it had ${possible.map(show).join(' and ')}`);
    if (kind === 'done') {
      if (possible.flat().every(state => state === 'none')) complain('a name that has no address was released');
      if (name.startsWith(shared) || random.number() > 0.2) return;
      const look = await system.ask(random, 'GET', `/addresses/${name}`, undefined, outcome.daemon);
      if (look.status === 200) complain('a released address is still shown');
    } else if (kind === 'refused' && !(status === 404 && possible.every(mayBeNone)) && !possible.flat().includes('unknown'))
      complain('not released without need');
  }

  /** Who gave the address has to show it at once. */
  async function lookAgain(of: NameModel, holding: Holding, {daemon}: Outcome): Promise<void> {
    const {kind, status, body, from, to} = await system.ask(random, 'GET', `/addresses/${of.name}`, undefined, daemon);
    if (kind === 'unknown' || !model.isHeld(of, holding, from, to)) return;
    const isShown = status === 200 && body.some(({ip}: {ip: string}) => ip === holding.ip);
    if (!isShown) system.complain(`${of.name} has ${holding.ip} since ${holding.to}, and is shown with ${JSON.stringify(body)} at ${from}`);
  }
}

function mayBeNone(states: readonly NameState[]): boolean {
  return states.some(state => typeof state !== 'object');
}
