import type {Run} from '../system/run.ts';
import {interfaceText} from './addressing.ts';
import {namespaceOf} from './names.ts';
import {shell} from './parts.ts';
import type {LabInterface, LabLink, LabNode, LabPlan} from './plan-types.ts';

/** Creates the namespaces of a lab with their links, addresses and default routes. Every interface is born inside its namespace. */
export async function createNamespaces(run: Run, plan: LabPlan): Promise<void> {
  await copyIproute2(run, plan.nodes);
  await batch(
    run,
    [],
    plan.nodes.map(node => `netns add ${node.namespace}`),
  );
  await Promise.all(plan.nodes.map(node => setSysctls(run, node.namespace)));
  await batch(
    run,
    [],
    plan.links.map(link => vethLine(plan.name, link)),
  );
  await Promise.all(plan.nodes.map(node => batch(run, ['-n', node.namespace], interfaceLines(node))));
}

/** Sets what a router and its tests need: forwarding, no filter by return path, every ICMP error sent, no wait for duplicate addresses. */
export async function setSysctls(run: Run, namespace: string): Promise<void> {
  const values = [
    'ipv4/ip_forward 1',
    'ipv4/conf/all/rp_filter 0',
    'ipv4/conf/default/rp_filter 0',
    'ipv4/icmp_ratelimit 0',
    'ipv4/fib_multipath_hash_policy 1',
    'ipv6/conf/all/forwarding 1',
    'ipv6/conf/default/accept_dad 0',
    'ipv6/icmp/ratelimit 0',
  ];
  const script = 'cd /proc/sys/net; while read -r name value; do [ ! -e "$name" ] || echo "$value" > "$name"; done';
  await run('ip', ['netns', 'exec', namespace, 'sh', '-c', script], {input: `${values.join('\n')}\n`});
}

/** Hands lines to one `ip -batch`. */
export async function batch(run: Run, options: readonly string[], lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await run('ip', [...options, '-batch', '-'], {input: `${lines.join('\n')}\n`});
}

/** `ip netns exec` lays this copy over /etc/iproute2, so that a program which names its route table does so inside the lab only. */
async function copyIproute2(run: Run, nodes: readonly LabNode[]): Promise<void> {
  const script =
    '[ -d /etc/iproute2 ] || exit 0; for name; do mkdir -p "/etc/netns/$name" && cp -a /etc/iproute2 "/etc/netns/$name/"; done';
  await shell(
    run,
    script,
    nodes.filter(({role}) => role === 'host').map(({namespace}) => namespace),
  );
}

function vethLine(lab: string, {upper, lower}: LabLink): string {
  const [a, b] = [namespaceOf(lab, upper.node), namespaceOf(lab, lower.node)];
  return `link add name ${upper.interface} netns ${a} type veth peer name ${lower.interface} netns ${b}`;
}

function interfaceLines({interfaces, defaultVia}: LabNode): string[] {
  return ['link set lo up', ...interfaces.flatMap(linesOf), ...defaultVia.map(via => `route add default via ${via}`)];
}

function linesOf({name, kind, bridge, addresses}: LabInterface): string[] {
  return [
    ...(kind === 'bridge' ? [`link add name ${name} type bridge`] : []),
    ...(bridge === undefined ? [] : [`link set ${name} master ${bridge}`]),
    ...addresses.map(address => `address add ${interfaceText(address)} dev ${name}${address.address.includes(':') ? ' nodad' : ''}`),
    `link set ${name} up`,
  ];
}
