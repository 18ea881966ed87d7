import type {ClientOptions, Step} from './address-client.ts';
import {type Style, someDocument, wrongDocument} from './documents.ts';
import {describe} from './system.ts';

/** A topology that a client wants, and what came of it. */
interface Update {
  readonly mark: string;
  readonly hosts: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly isDone: boolean;
}

/** What all clients together know of the topology. */
export interface TopologyModel {
  /** Every update that was done, or may have been. */
  readonly updates: Update[];
  /** Marks of which one must be in force, once nothing is under way. */
  candidates(): ReadonlySet<string>;
  /** How many odd ones are in force, were, or may be soon: with any, addresses may be in the way of every document. */
  odd: number;
}

export function createTopologyModel(): TopologyModel {
  const updates: Update[] = [];
  return {
    updates,
    odd: 0,
    candidates() {
      const isSuperseded = (update: Update) => updates.some(later => later.isDone && later.from > update.to);
      return new Set(updates.filter(update => !isSuperseded(update)).map(({mark}) => mark));
    },
  };
}

export interface TopologyClientOptions extends ClientOptions {
  readonly topologies: TopologyModel;
  readonly style: Style;
  readonly number: number;
  /** How many hosts a document lists at most. */
  readonly listed: number;
  readonly hasOddities: boolean;
}

/** A client that replaces the topology. The hosts that its documents list are its own, and it never removes them. */
export function createTopologyClient({
  system,
  model,
  random,
  id,
  topologies,
  style,
  number,
  listed,
  hasOddities,
}: TopologyClientOptions): Step {
  let count = 0;

  return async () => {
    count += 1;
    const mark = `${id}-${count}`;
    const dice = random.number();
    if (dice < 0.05) {
      const outcome = await system.ask(random, 'POST', '/topology', wrongDocument(mark));
      if (outcome.kind === 'done') system.complain(`a wrong topology was taken: ${mark}`);
      return;
    }
    const hosts = Array.from({length: random.between(0, listed)}, (_, index) => ({
      name: `d${number}-${index}`,
      ip: `172.${16 + number}.${index >> 8}.${index & 255}`,
    }));
    const document = someDocument({random, style, mark, hosts, hasOddities});
    if (dice < 0.15) {
      const outcome = await system.ask(random, 'POST', '/topology?dry_run=true', document.body);
      if (outcome.kind === 'refused') system.complain(`a dry run was refused: ${describe('POST', '/topology', mark, outcome)}`);
      return;
    }
    const mayNotFit = document.mayNotFit || topologies.odd > 0;
    if (document.isOdd) topologies.odd += 1;
    for (const {name} of hosts) model.host(name).state.set(system.tick(), ['absent', 'up']);
    const outcome = await system.ask(random, 'POST', '/topology', document.body);
    const {kind, status, from, to} = outcome;
    if (kind === 'refused') {
      // Another one that was odd may have come into force meanwhile.
      if (status !== 409 || !(mayNotFit || topologies.odd > 0))
        system.complain(`refused without need: ${describe('POST', '/topology', mark, outcome)}`);
      if (document.isOdd) topologies.odd -= 1;
      return;
    }
    topologies.updates.push({
      mark,
      hosts: document.hosts,
      from,
      to: kind === 'done' ? to : Number.POSITIVE_INFINITY,
      isDone: kind === 'done',
    });
    if (kind !== 'done') return;
    for (const {name} of hosts) model.host(name).state.set(to, ['up']);
    const [name] = document.hosts;
    if (name === undefined) return;
    const look = await system.ask(random, 'GET', `/hosts/${name}`, undefined, outcome.daemon);
    if (look.status === 404)
      system.complain(`host ${name} is not there, listed by ${mark}: ${describe('GET', `/hosts/${name}`, undefined, look)}`);
  };
}
