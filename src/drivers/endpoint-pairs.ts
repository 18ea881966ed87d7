import type {EndpointPair, PairPlan} from '../core/desired-endpoint-pairs.ts';
import {type Address, addressBits, familyOf} from '../core/prefix.ts';
import type {Driver} from '../reconcile/driver.ts';
import type {Run} from '../system/run.ts';
import {createFailures} from './endpoint-batch.ts';
import {aliasWith, endpointGroup, isOwnPair, pairMarkOf} from './endpoint-mark.ts';
import {createReadKernel, type ReadKernel} from './kernel.ts';

const usualMtu = 1500;

/**
 * Veth pairs into network namespaces: the interfaces rom… of kind veth in link group 144. The workload's end is set up before the host's end gets its alias,
 * which names the namespace and the plan: a pair without one was not made to its end. What the workload does to its end later is its own affair.
 */
export function createEndpointPairs(run: Run, readKernel: ReadKernel = createReadKernel(run)): Driver<EndpointPair> {
  let found = new Map<string, EndpointPair>();
  return {
    name: 'endpoint-pairs',
    keyOf: ({dev}) => dev,
    show: ({dev, mark, mtu}) => `${dev} into ${mark || 'nowhere yet'}, ${mtu ?? usualMtu} bytes`,
    isEqual: (present, wanted) => present.mark === wanted.mark && (wanted.mtu ?? present.mtu) === present.mtu,
    async read() {
      const {interfaces} = await readKernel();
      const pairs = interfaces.filter(isOwnPair).map(each => ({dev: each.name, mark: pairMarkOf(each), mtu: each.mtu}));
      found = new Map(pairs.map(pair => [pair.dev, pair]));
      return pairs;
    },
    async apply({create, update, remove}) {
      const failures = createFailures();
      for (const pair of create) await failures.attempt(pair.plan?.endpoint ?? pair.dev, () => makePair(run, pair));
      for (const pair of update) {
        await failures.attempt(pair.plan?.endpoint ?? pair.dev, async () => {
          if (found.get(pair.dev)?.mark === pair.mark) return resizePair(run, pair, found.get(pair.dev)?.mtu ?? usualMtu);
          await run('ip', ['link', 'delete', 'dev', pair.dev]);
          await makePair(run, pair);
        });
      }
      await failures.batch(
        run,
        remove.map(({dev}) => ({endpoint: dev, line: `link delete dev ${dev}`, mayBeGone: true})),
      );
      failures.throwIfAny();
    },
  };
}

/** Of a pair that cannot be made to its end nothing stays. */
async function makePair(run: Run, {dev, mark, mtu = usualMtu, plan}: EndpointPair): Promise<void> {
  if (plan === undefined) throw new Error(`cannot make ${dev}: it is not known for what`);
  const {netns, ifname, endpoint} = plan;
  const add = ['link', 'add', dev, 'mtu', String(mtu), 'group', String(endpointGroup), 'type', 'veth'];
  await run('ip', [...add, 'peer', 'name', ifname, 'mtu', String(mtu), 'netns', netns]);
  try {
    if (plan.ips.some(ip => familyOf(ip) === 'ipv6')) {
      // The gateway address is all that the host's end needs.
      await run('ip', ['link', 'set', 'dev', dev, 'addrgenmode', 'none']);
      await inNamespace(run, netns, 'sh', ['-c', 'echo 0 > "/proc/sys/net/ipv6/conf/$1/disable_ipv6"', 'sh', ifname]);
    }
    await inNamespace(run, netns, 'ip', ['-batch', '-'], workloadLines(plan));
    await run('ip', ['link', 'set', 'dev', dev, 'alias', aliasWith(mark, endpoint)]);
  } catch (error) {
    await run('ip', ['link', 'delete', 'dev', dev]).catch(() => undefined);
    throw error;
  }
}

/** What goes into one end must come out of the other: the larger end never stands alone. */
async function resizePair(run: Run, {dev, mtu = usualMtu, plan}: EndpointPair, present: number): Promise<void> {
  if (plan === undefined) return;
  const size = ['mtu', String(mtu)];
  const there = () => inNamespace(run, plan.netns, 'ip', ['link', 'set', 'dev', plan.ifname, ...size]);
  const here = () => run('ip', ['link', 'set', 'dev', dev, ...size]);
  for (const resize of mtu > present ? [there, here] : [here, there]) await resize();
}

function workloadLines({ifname, ips, gateways}: PairPlan): string[] {
  const families = new Set(ips.map(familyOf));
  const onLink = (ip: Address) => `${ip}/${addressBits[familyOf(ip)]} dev ${ifname}`;
  return [
    ...ips.map(ip => `address add ${onLink(ip)}${familyOf(ip) === 'ipv6' ? ' nodad' : ''}`),
    `link set dev ${ifname} up`,
    ...(['ipv4', 'ipv6'] as const)
      .filter(family => families.has(family))
      .flatMap(family => [
        `route add ${onLink(gateways[family])}${family === 'ipv4' ? ' scope link' : ''}`,
        `route add default via ${gateways[family]} dev ${ifname}`,
      ]),
  ];
}

function inNamespace(run: Run, netns: string, command: string, args: readonly string[], lines?: readonly string[]): Promise<string> {
  return run('nsenter', [`--net=${netns}`, command, ...args], lines && {input: `${lines.join('\n')}\n`});
}
