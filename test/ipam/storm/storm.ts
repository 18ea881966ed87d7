import {createRandom} from '../../helpers/random.ts';
import {createAddressClient, type Step} from './address-client.ts';
import {createBlackoutClient, createBlackoutModel} from './blackout-client.ts';
import {checkAnswers, checkRecords, type Expectations} from './checks.ts';
import {type Style, someDocument} from './documents.ts';
import {createHostClient} from './host-client.ts';
import {createModel} from './model.ts';
import type {Fault, StormSystem} from './system.ts';
import {createTenantClient} from './tenant-client.ts';
import {createTopologyClient, createTopologyModel} from './topology-client.ts';
import {createVipClient} from './vip-client.ts';

/** How hard it blows. */
export interface Gale {
  /** Clients that ask for addresses; each has one request under way. */
  readonly clients: number;
  /** Requests of all clients together. */
  readonly requests: number;
  /** One after the other, evenly over the time. */
  readonly faults: readonly Fault[];
  /** Many hosts and owners; one owner on one host, with few names; few hosts that come and go, or a network that is replaced, without a pause. */
  readonly around: 'everything' | 'one host' | 'hosts that go' | 'a network that moves';
  /** How many hosts a topology lists at most. */
  readonly listed: number;
  /** Somebody looks for leftovers all the time. */
  readonly isCollected: boolean;
}

type NonEmpty = readonly [string, ...string[]];

/** Whom addresses are for, and how much else goes on: pauses between the requests of a client, in milliseconds. */
interface Place {
  readonly hosts: NonEmpty;
  readonly tenants: NonEmpty;
  readonly segments: NonEmpty;
  readonly names: number;
  readonly sharing: number;
  readonly pauses: Readonly<Record<'hosts' | 'blackouts' | 'tenants' | 'vips' | 'topologies', number>>;
}

/** Many clients that do everything at random, and what may be expected after it. */
export interface Storm {
  /** Blows, and then gives what is wrong. */
  blow(gale: Gale): Promise<readonly string[]>;
}

export async function startStorm(system: StormSystem, seed: number): Promise<Storm> {
  const random = createRandom(seed);
  const newRandom = () => createRandom(random.between(0, 2 ** 31));
  const style: Style = random.pick(['flat', 'split']);
  const hasOddities = random.number() < 0.5;
  const model = createModel();
  const topologies = createTopologyModel();
  const blackouts = createBlackoutModel();
  const known: Expectations['tenants'] = new Map();
  const vips: Expectations['vips'] = new Map();
  const expected: Expectations = {model, topologies, blackouts, tenants: known, vips};
  const setUp = async (method: string, path: string, body: unknown) => {
    const {kind, body: answer} = await system.ask(random, method, path, body);
    if (kind !== 'done') throw new Error(`cannot set up: ${JSON.stringify(answer)}`);
  };
  await setUp('POST', '/topology', someDocument({random: createRandom(1), style, mark: 'first', hosts: [], hasOddities: false}).body);
  topologies.updates.push({mark: 'first', hosts: [], from: system.tick(), to: system.tick(), isDone: true});

  const options = (id: string) => ({system, model, random: newRandom(), id});
  const hostClients = [0, 1, 2, 3].map(number => createHostClient({...options(`v${number}`), number, count: 4}));
  const steady = ['s0', 's1', 's2', 's3'] as const;
  const volatile = [0, 1, 2, 3].flatMap(number => [1, 2, 3, 4].map(index => `v${number}-${index}`));
  const blackoutClients = [0, 1].map(number => createBlackoutClient({...options(`b${number}`), blackouts, number}));
  const tenantClients = [0, 1].map(number => createTenantClient({...options(`tn${number}`), known}));
  const vipClients = [0, 1].map(number => createVipClient({...options(`vip${number}`), known: vips, number, hosts: steady}));
  for (const [index, name] of steady.entries()) {
    await setUp('POST', '/hosts', {name, ip: `192.168.100.${index}`, tags: {rack: `r${1 + (index % 3)}`}});
    model.host(name).state.set(system.tick(), ['up']);
  }
  const all = ['t0', 't1', 't1', 'rt', 'rt', 'tn0-1', hasOddities ? 'xt' : 't0'] as const;
  const places: Readonly<Record<Gale['around'], Place>> = {
    everything: {
      hosts: [...steady, ...steady, ...volatile],
      tenants: all,
      segments: ['', 's'],
      names: 8,
      sharing: 0.1,
      pauses: {hosts: 5, blackouts: 10, tenants: 20, vips: 10, topologies: 60},
    },
    'one host': {
      hosts: ['s0'],
      tenants: ['t0'],
      segments: [''],
      names: 8,
      sharing: 0.3,
      pauses: {hosts: 5, blackouts: 2, tenants: 20, vips: 2, topologies: 60},
    },
    'hosts that go': {
      hosts: ['v0-1', 'v0-2', 'v0-3', 'v1-1', 's0'],
      tenants: ['t0', 'xt'],
      segments: [''],
      names: 8,
      sharing: 0.2,
      pauses: {hosts: 0, blackouts: 10, tenants: 20, vips: 10, topologies: 20},
    },
    'a network that moves': {
      hosts: steady,
      tenants: ['xt'],
      segments: [''],
      names: 1,
      sharing: 0.3,
      pauses: {hosts: 30, blackouts: 50, tenants: 100, vips: 50, topologies: 0},
    },
  };
  let gales = 0;

  return {
    async blow({clients, requests, faults, around, listed, isCollected}) {
      gales += 1;
      const {hosts, tenants, segments, names, sharing, pauses} = places[around];
      const {isBlackedOut} = blackouts;
      const addressClients = Array.from({length: clients}, (_, index) =>
        createAddressClient({
          ...options(`c${gales}-${index}`),
          hosts,
          tenants,
          segments,
          names,
          sharing,
          isBlackedOut,
        }),
      );
      const topologyClients = [0, 1].map(number =>
        createTopologyClient({...options(`u${number}-${gales}`), topologies, style, number, listed, hasOddities}),
      );

      let left = requests;
      const loop = async (step: Step, pauseMs: number) => {
        const own = newRandom();
        for (; left > 0; left--) {
          await step();
          if (pauseMs > 0) await system.sleep(own.between(0, 2 * pauseMs));
        }
      };
      const faultsInTurn = async () => {
        for (const [index, fault] of faults.entries()) {
          while (left > requests * (1 - (index + 1) / (faults.length + 1))) await system.sleep(10);
          await system.befall(random, fault);
        }
      };
      const stopCollecting = isCollected ? system.keepCollecting() : undefined;
      await Promise.all([
        ...addressClients.map(step => loop(step, 0)),
        ...hostClients.map(step => loop(step, pauses.hosts)),
        ...blackoutClients.map(step => loop(step, pauses.blackouts)),
        ...tenantClients.map(step => loop(step, pauses.tenants)),
        ...vipClients.map(step => loop(step, pauses.vips)),
        ...topologyClients.map(step => loop(step, pauses.topologies)),
        faultsInTurn(),
      ]);
      await stopCollecting?.();
      await system.quiet();
      const problems = await checkRecords(system, expected);
      for (const daemon of system.daemons) problems.push(...(await checkAnswers(system, daemon)));
      await system.collect();
      problems.push(...(await system.records()).leftovers, ...(await checkRecords(system, expected)));
      return [...system.complaints, ...problems];
    },
  };
}
