import type {EndpointAddress} from '../core/desired-endpoint-addresses.ts';
import {type Address, hostPrefix} from '../core/prefix.ts';
import type {Driver} from '../reconcile/driver.ts';
import type {Run} from '../system/run.ts';
import {createFailures} from './endpoint-batch.ts';
import {endpointMetric} from './endpoint-mark.ts';
import {createReadKernel, type Kernel, type ReadKernel} from './kernel.ts';

/** An address of ours as it is found. */
export interface OwnEndpointAddress extends EndpointAddress {
  /** Only of what is found: where it is, and that it serves nobody, because its device is switched off. */
  readonly dev?: string;
  readonly isOff?: boolean;
}

const ownDevice = 'romana-lo';

/** Addresses of workloads that are processes of this host: those with our metric on romana-lo, or where the kernel makes no such device, on the loopback. */
export function createEndpointAddresses(run: Run, readKernel: ReadKernel = createReadKernel(run)): Driver<OwnEndpointAddress> {
  return {
    name: 'endpoint-addresses',
    keyOf: ({ip}) => ip,
    show: ({ip, dev, isOff = false}) => `${ip}${dev === undefined ? '' : ` on ${dev}`}${isOff ? ', which is switched off' : ''}`,
    isEqual: ({isOff: a = false}, {isOff: b = false}) => a === b,
    read: async () => addressesOf(await readKernel()),
    async apply({create, update, remove}) {
      const failures = createFailures();
      // Which also switches it on again.
      const dev = create.length + update.length === 0 ? undefined : await makeDevice(run);
      await failures.batch(run, [
        ...create.map(({ip, endpoint = ip}) => ({
          endpoint,
          line: `address add ${hostPrefix(ip)} dev ${dev} metric ${endpointMetric}${nodad(ip)}`,
        })),
        ...remove.map(({ip, endpoint = ip, dev: present}) => ({
          endpoint,
          line: `address del ${hostPrefix(ip)} dev ${present}`,
          mayBeGone: true,
        })),
      ]);
      failures.throwIfAny();
    },
  };
}

function addressesOf({interfaces}: Kernel): OwnEndpointAddress[] {
  const bearers = interfaces.filter(({name}) => name === ownDevice || name === 'lo');
  return bearers.flatMap(({name, isEnabled, addresses}) =>
    addresses
      .filter(({metric, address, prefix}) => metric === endpointMetric && prefix === hostPrefix(address))
      .map(({address}) => ({ip: address, dev: name, isOff: !isEnabled})),
  );
}

/** Gives the device for addresses, made if need be. */
async function makeDevice(run: Run): Promise<string> {
  const script = `ip link show dev ${ownDevice} >/dev/null 2>&1 || ip link add ${ownDevice} type dummy 2>/dev/null; ip link set dev ${ownDevice} up 2>/dev/null`;
  return run('sh', ['-c', script]).then(
    () => ownDevice,
    () => 'lo',
  );
}

function nodad(ip: Address): string {
  return ip.includes(':') ? ' nodad' : '';
}
