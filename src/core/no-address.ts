import type {AllocationOptions} from './allocation.ts';
import {InputError} from './errors.ts';
import {placeIn} from './group-tree.ts';
import {contains} from './prefix.ts';
import type {Network} from './state.ts';

const mostNetworks = 5;

/** Says of each network that was tried why it gave no address. The first sentence is the original's, whole: scripts know it. */
export function noAddress(networks: readonly Network[], options: Pick<AllocationOptions, 'host' | 'index' | 'isResting'>): InputError {
  const reasons = networks.slice(0, mostNetworks).map(network => `Network ${network.name}: ${reasonOf(network, options)}.`);
  const more = networks.length - reasons.length;
  return new InputError('ERR_NO_ADDRESS', ['No available IP.', ...reasons, ...(more > 0 ? [`And ${more} more networks.`] : [])].join(' '));
}

function reasonOf({name, cidr}: Network, {host, index, isResting}: Pick<AllocationOptions, 'host' | 'index' | 'isResting'>): string {
  const place = placeIn(host.groups, name);
  if (place === undefined || !contains(cidr, place)) return `host ${host.name} has no place in it`;
  const resting = [...index.reusableBlocks(place)].filter(isResting).length;
  const rest =
    resting === 0
      ? ''
      : ` (${resting} there ${resting === 1 ? 'is' : 'are'} kept back for a while, for the host that had ${resting === 1 ? 'it' : 'them'} last)`;
  return `no block is left in ${place}, where host ${host.name} has its place${rest}`;
}
