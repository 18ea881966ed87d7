import type {KernelInterface} from './ip-address.ts';

/** The metric that the kernel keeps with every address of ours for an endpoint. Nothing hangs on it but how that address itself is routed. */
export const endpointMetric = 1145;

/** The link group that every veth of ours is born into. */
export const endpointGroup = 144;

const handlePattern = /^rom[0-9a-f]{11}$/;

/** True for the host's end of a veth pair that we have made. */
export function isOwnPair({name, kind, group}: KernelInterface): boolean {
  return kind === 'veth' && group === String(endpointGroup) && handlePattern.test(name);
}

/** The names by which an interface is known to be in use for endpoints: its own one where we have made it, else further ones that we have given it. */
export function handlesOf(found: KernelInterface): string[] {
  return isOwnPair(found) ? [found.name] : found.altNames.filter(name => handlePattern.test(name));
}

/** Of a pair that we have made to its end, what it was made for (EndpointPair.mark); '' for anything else. */
export function pairMarkOf(found: KernelInterface): string {
  return (isOwnPair(found) && /^romana (net:\[\d+\] [0-9a-f]+) /.exec(found.alias)?.[1]) || '';
}

/** The alias that bears the mark. The kernel takes 255 characters. */
export function aliasWith(mark: string, endpoint: string): string {
  return `romana ${mark} ${endpoint}`.slice(0, 255);
}
