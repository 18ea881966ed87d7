import {createHash} from 'node:crypto';
import {z} from 'zod';
import {InputError} from '../core/errors.ts';
import type {Address} from '../core/prefix.ts';
import {namespaceOf} from './names.ts';
import {batch, setSysctls} from './namespaces.ts';
import type {LabParts} from './parts.ts';
import {shell} from './parts.ts';
import {processesIn, signalProcesses} from './processes.ts';

export interface Endpoint {
  readonly name: string;
  readonly host: string;
  readonly ip: Address;
}

/**
 * Attaches an endpoint to a host: a namespace that stands in for a workload, with the address as /32 (or /128) and a
 * gateway that is only a neighbour entry, and on the host a route to it by its own veth, as a CNI plugin makes them.
 */
export async function addEndpoint({run}: Pick<LabParts, 'run'>, lab: string, {name, host, ip}: Endpoint): Promise<void> {
  const [endpoint, hostNamespace, device] = [endpointNamespace(lab, name), namespaceOf(lab, host), endpointDevice(name)];
  const [bits, gateway] = ip.includes(':') ? [128, 'fe80::1:1'] : [32, '169.254.1.1'];
  await batch(run, [], [`netns add ${endpoint}`]);
  await setSysctls(run, endpoint);
  await batch(run, [], [`link add name ${device} netns ${hostNamespace} type veth peer name eth0 netns ${endpoint}`]);
  await batch(run, ['-n', hostNamespace], [`link set ${device} up`]);
  const [link] = Links.parse(JSON.parse(await run('ip', ['-n', hostNamespace, '-json', 'link', 'show', 'dev', device])));
  await batch(
    run,
    ['-n', endpoint],
    [
      'link set lo up',
      `address add ${ip}/${bits} dev eth0${bits === 128 ? ' nodad' : ''}`,
      'link set eth0 up',
      `neighbor add ${gateway} lladdr ${link.address} dev eth0 nud permanent`,
      `route add default via ${gateway} dev eth0${bits === 128 ? '' : ' onlink'}`,
    ],
  );
  await batch(run, ['-n', hostNamespace], [`route replace ${ip}/${bits} dev ${device}`]);
}

/** Detaches an endpoint: its processes, veth pair, route and namespace go. One that is not there is no error. */
export async function removeEndpoint({run}: Pick<LabParts, 'run'>, lab: string, name: string): Promise<void> {
  const namespace = endpointNamespace(lab, name);
  await signalProcesses(run, await processesIn(run, namespace), 'KILL');
  const script = '[ -e "/run/netns/$1" ] || exit 0; ip -n "$1" link delete eth0 2>/dev/null; ip netns delete "$1"';
  await shell(run, script, [namespace]);
}

/** The namespace of an endpoint; no node may have a name that begins with "ep-". */
export function endpointNamespace(lab: string, name: string): string {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/.test(name)) {
    throw new InputError(
      'ERR_LAB_ENDPOINT',
      `invalid endpoint name ${JSON.stringify(name)}, expected up to 64 letters, digits, "_", "." and "-"`,
    );
  }
  return namespaceOf(lab, `ep-${name}`);
}

/** The host's side of an endpoint's veth: the name itself where it fits the kernel's 15 characters. */
export function endpointDevice(name: string): string {
  return name.length <= 12 ? `ep-${name}` : `ep-${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;
}

const Links = z.tuple([z.object({address: z.string()})]);
