import {contains, type Prefix, parseAddress, parsePrefix} from '../core/prefix.ts';
import {addEndpoint, endpointNamespace} from './endpoints.ts';
import {type LabParts, until} from './parts.ts';
import {pingFrom} from './ping.ts';
import {nodeOf} from './plan-nodes.ts';
import type {LabNode, LabPlan} from './plan-types.ts';
import {expectOk, type LabRequest, requestIn} from './requests.ts';
import {type KernelRoute, routesOf} from './routes.ts';
import {rackPrefixes} from './topology.ts';

/** Something that the demonstration claims, with the code that finds out whether it is true. Rejects when it is not. */
export interface Check {
  readonly claim: string;
  /** Gives what was seen. */
  show(): Promise<string>;
}

/** An endpoint that the demonstration asks for, named after the host that carries it. */
interface Workload {
  readonly name: string;
  readonly host: string;
  readonly rack: string;
}

/**
 * What Romana is for, as a list of checks on a running lab with two racks and two hosts in each: addresses asked for over REST, their blocks at
 * ToR and spine, endpoints that reach each other, unused addresses answered at once, and a withdrawal. To be run in order.
 */
export function demoChecks(parts: LabParts, plan: LabPlan): Check[] {
  const {run, clock} = parts;
  const master = nodeOf(plan, 'master');
  const hosts = plan.nodes.filter(({role}) => role === 'host');
  const spines = plan.nodes.filter(({role}) => role === 'spine');
  const workloads = [...hosts, ...hosts.slice(0, 1)].map(({name, rack = ''}, index) => ({name: `web-${index + 1}`, host: name, rack}));
  const addresses = new Map<string, string>();
  const blocks = new Map<string, Prefix>();

  const ask = async (request: LabRequest) => {
    const [response] = await requestIn(parts, master.namespace, [request]);
    if (response === undefined) throw new Error(`no answer to ${request.url}`);
    return expectOk(`${request.method ?? 'GET'} ${request.url}`, response);
  };
  const torOf = (rack: string) => plan.nodes.find(node => node.role === 'tor' && node.rack === rack) as LabNode;
  const racks = [...new Set(hosts.map(({rack = ''}) => rack))];
  const ipOf = ({name}: Workload) => addresses.get(name) ?? '';
  const leadsTo = (to: string) => (route: KernelRoute) => route.to === to && route.type === 'unicast';
  const settled = (what: string, condition: () => Promise<boolean>) => until(clock, what, condition, {limitMs: 20_000});

  const ping = (title: string, from: Workload | undefined, to: Workload | undefined): Check => ({
    claim: `an endpoint reaches another ${title}`,
    async show() {
      if (from === undefined || to === undefined) throw new Error('the lab has too few hosts for this');
      let result = await pingFrom(run, endpointNamespace(plan.name, from.name), ipOf(to));
      await settled(`${from.name} reaches ${to.name}`, async () => {
        if (result.received === 0) result = await pingFrom(run, endpointNamespace(plan.name, from.name), ipOf(to));
        return result.received > 0;
      });
      return `${from.name} (${ipOf(from)}, ${from.host}) → ${to.name} (${ipOf(to)}, ${to.host})`;
    },
  });

  const [first] = workloads;
  const rackOf = (workload: Workload | undefined) => workload?.rack;
  const neighbour = workloads.find(other => rackOf(other) === rackOf(first) && other.host !== first?.host);
  const remote = workloads.find(other => rackOf(other) !== rackOf(first));

  return [
    {
      claim: 'POST /address gives every endpoint an address in the prefix of its rack',
      async show() {
        for (const {name, host, rack} of workloads) {
          const ip = String(await ask({method: 'POST', url: '/address', body: {name, host, tenant: 'demo', segment: 'web'}}));
          const prefixes = rackPrefixes(
            plan.file,
            plan.file.racks.findIndex(other => other.name === rack),
          );
          if (!prefixes.some(prefix => contains(prefix, parseAddress(ip))))
            throw new Error(`${ip} of ${host} is outside ${prefixes.join(', ')}`);
          addresses.set(name, ip);
          const [{block} = {block: ''}] = (await ask({url: `/addresses/${name}`})) as {block: string}[];
          blocks.set(name, parsePrefix(block));
          await addEndpoint(parts, plan.name, {name, host, ip: parseAddress(ip)});
        }
        return workloads.map(workload => `${workload.name} ${ipOf(workload)}`).join(', ');
      },
    },
    {
      claim: "every block is in the kernel table of its rack's ToR",
      async show() {
        const seen: string[] = [];
        for (const {name, rack} of workloads) {
          const block = blocks.get(name) ?? '';
          await settled(`${torOf(rack).name} has ${block}`, async () => (await routesOf(run, torOf(rack))).some(leadsTo(block)));
          seen.push(`${torOf(rack).name} ${block}`);
        }
        return [...new Set(seen)].join(', ');
      },
    },
    {
      claim: 'every spine has one prefix for each rack and nothing longer',
      async show() {
        const wanted = racks.flatMap((_, index) => rackPrefixes(plan.file, index)).toSorted();
        for (const spine of spines) {
          const inside = (await routesOf(run, spine)).map(({to}) => to).filter(to => isRomana(plan, to));
          if (inside.toSorted().join() !== wanted.join())
            throw new Error(`${spine.name} has ${inside.join(', ')}, expected ${wanted.join(', ')}`);
        }
        return wanted.join(', ');
      },
    },
    ping('on the same host', first, workloads.at(-1)),
    ping('in the same rack', first, neighbour),
    ping('in the other rack', first, remote),
    ping('back from the other rack', remote, first),
    {
      claim: 'hosts that share a segment have direct routes to each other, past the ToR',
      async show() {
        const shared = plan.file.racks.find(({segment}) => segment === 'l2')?.name;
        const [one, other] = workloads.filter(({rack}) => rack === shared);
        if (one === undefined || other === undefined) return 'no rack of this lab shares a segment';
        const block = blocks.get(other.name) ?? '';
        const node = nodeOf(plan, one.host);
        await settled(`${one.host} has a direct route to ${block}`, async () => (await routesOf(run, node, '10')).some(leadsTo(block)));
        return `${one.host}: ${block} via ${(await routesOf(run, node, '10')).find(leadsTo(block))?.via.join()}`;
      },
    },
    {
      claim: 'a packet to an unused address of a block is answered with "unreachable"',
      async show() {
        const block = blocks.get(first?.name ?? '') ?? '';
        const unused = parseAddress(block.replace(/\d+\/\d+$/, last => String(Number.parseInt(last, 10) + 7)));
        const {errors, received} = await pingFrom(run, endpointNamespace(plan.name, remote?.name ?? ''), unused);
        if (received > 0 || !errors.some(error => /unreachable/i.test(error)))
          throw new Error(`ping ${unused}: ${errors.join() || 'silence'}`);
        return `${unused}: ${errors.join(', ')}`;
      },
    },
    {
      claim: 'when the last address of a block is released, its route leaves the ToR',
      async show() {
        const host = hosts[0]?.name ?? '';
        const tor = torOf(hosts[0]?.rack ?? '');
        await ask({method: 'POST', url: '/address', body: {name: 'short-lived', host, tenant: 'other', segment: ''}});
        const [{block} = {block: ''}] = (await ask({url: '/addresses/short-lived'})) as {block: string}[];
        await settled(`${tor.name} has ${block}`, async () => (await routesOf(run, tor)).some(leadsTo(block)));
        await ask({method: 'DELETE', url: '/address?addressName=short-lived'});
        await settled(`${tor.name} has lost ${block}`, async () => !(await routesOf(run, tor)).some(leadsTo(block)));
        return `${block} came to ${tor.name} and went`;
      },
    },
  ];
}

function isRomana(plan: LabPlan, to: string): boolean {
  return to !== 'default' && plan.file.networks.some(({cidr}) => contains(cidr, parsePrefix(to)));
}
