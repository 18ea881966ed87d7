import {isDeepStrictEqual} from 'node:util';
import type {EndpointPort} from '../core/desired-endpoint-ports.ts';
import type {Address} from '../core/prefix.ts';
import type {Driver} from '../reconcile/driver.ts';
import type {Run} from '../system/run.ts';
import {createFailures, type EndpointLine} from './endpoint-batch.ts';
import {endpointMetric, handlesOf, pairMarkOf} from './endpoint-mark.ts';
import type {KernelInterface} from './ip-address.ts';
import {createReadKernel, type ReadKernel} from './kernel.ts';
import {createPortSettingsReader, type Freshness, portSettings, writePortSettings} from './port-settings.ts';

/** An interface as it is found. */
export interface OwnEndpointPort extends EndpointPort {
  readonly found?: FoundPort;
}

interface FoundPort {
  readonly mark: string;
  /** Every name that marks it as in use. */
  readonly handles: readonly string[];
  /** All its addresses, and those of them that carry our mark. */
  readonly addresses: readonly Address[];
  readonly ownAddresses: readonly Address[];
}

const always: Freshness = {maxAgeMs: 0, now: () => 0};
const nothing: FoundPort = {mark: '', handles: [], addresses: [], ownAddresses: []};

/**
 * The set-up of interfaces that lead to workloads: those that we have made, and those of others, which get a second name rom… by which they are known. They
 * stay theirs: what goes in the end is that name, the gateway address, and the settings, which become what a new interface has.
 */
export function createEndpointPorts(
  run: Run,
  readKernel: ReadKernel = createReadKernel(run),
  freshness: Freshness = always,
): Driver<OwnEndpointPort> {
  const reader = createPortSettingsReader(run, freshness);
  let present = new Map<string, FoundPort>();
  // Of a pair that was made anew nothing is there any more that was found.
  const foundFor = ({dev, mark}: OwnEndpointPort) => {
    const found = present.get(dev);
    return found?.mark === mark ? found : nothing;
  };
  return {
    name: 'endpoint-ports',
    keyOf: ({dev}) => dev,
    show: showPort,
    isEqual: (actual, wanted) => isAsWanted(actual, wanted),
    async read() {
      const {interfaces} = await readKernel();
      present = new Map(interfaces.map(each => [each.name, foundOf(each)]));
      const marked = interfaces.filter(each => handlesOf(each).length > 0);
      const names = marked.map(({name}) => name);
      const settings = await reader.read(names);
      return marked.map(({name: dev, isEnabled, mtu}) => {
        const found = present.get(dev) ?? nothing;
        return {dev, handle: found.handles[0] ?? dev, mark: found.mark, isEnabled, mtu, settings: settings.get(dev) ?? {}, found};
      });
    },
    async apply({create, update, remove}) {
      const failures = createFailures();
      const made = [...create, ...update];
      // The mark comes first, and goes last: whatever happens in between, it is known whose the rest is.
      await failures.batch(
        run,
        made.flatMap(port => markLines(port, foundFor(port))),
      );
      for (const {dev, settings, endpoint = dev} of made) await failures.attempt(endpoint, () => writePortSettings(run, dev, settings));
      await failures.batch(
        run,
        made.flatMap(port => setUpLines(port, foundFor(port))),
      );
      // What we have made goes as a whole.
      const left = remove.filter(({dev, handle}) => dev !== handle);
      for (const {dev} of left) await failures.attempt(dev, () => writePortSettings(run, dev, asOfNew));
      await failures.batch(
        run,
        left.flatMap(port => leaveLines(port, foundFor(port))),
      );
      // Somebody may have looked meanwhile.
      reader.forget();
      failures.throwIfAny();
    },
  };
}

/** The ports on interfaces of others only: what there is to undo where interfaces of workloads are to stay. */
export function adoptedPorts(ports: Driver<OwnEndpointPort>): Driver<OwnEndpointPort> {
  return {...ports, read: async () => (await ports.read()).filter(({dev, handle}) => dev !== handle)};
}

const asOfNew = Object.fromEntries(portSettings.map(setting => [setting, undefined]));

function showPort({dev, handle, isEnabled, mtu, gateway6, settings, found}: OwnEndpointPort): string {
  const gateways = found === undefined ? [gateway6 ?? []].flat() : found.ownAddresses;
  const values = portSettings.flatMap(setting => (settings[setting] === undefined ? [] : [`${setting} ${settings[setting]}`]));
  const words = [isEnabled ? 'on' : 'off', ...(mtu === undefined ? [] : [`${mtu} bytes`]), ...gateways, ...values];
  return `${dev} as ${(found?.handles ?? [handle]).join(', ')}: ${words.join(', ')}`;
}

function foundOf(each: KernelInterface): FoundPort {
  const own = each.addresses.filter(({metric}) => metric === endpointMetric);
  const addresses = each.addresses.map(({address}) => address);
  return {mark: pairMarkOf(each), handles: handlesOf(each), addresses, ownAddresses: own.map(({address}) => address)};
}

function isAsWanted(actual: OwnEndpointPort, wanted: OwnEndpointPort): boolean {
  const {found} = actual;
  if (found === undefined) return isDeepStrictEqual(actual, wanted);
  return (
    actual.mark === wanted.mark &&
    actual.isEnabled &&
    found.handles.join() === wanted.handle &&
    (wanted.mtu === undefined || wanted.mtu === actual.mtu) &&
    found.ownAddresses.every(address => address === wanted.gateway6) &&
    (wanted.gateway6 === undefined || found.addresses.includes(wanted.gateway6)) &&
    portSettings.every(setting => isSet(actual.settings[setting], wanted.settings[setting]))
  );
}

/** What the kernel does not have need not be set, nor what is not asked for. */
function isSet(actual: string | undefined, wanted: string | undefined): boolean {
  return actual === undefined || wanted === undefined || actual === wanted;
}

function markLines({dev, handle, endpoint = dev}: OwnEndpointPort, {handles}: FoundPort): EndpointLine[] {
  if (dev === handle) return [];
  const stale = handles.filter(name => name !== handle).map(name => `link property del dev ${dev} altname ${name}`);
  const lines = handles.includes(handle) ? stale : [`link property add dev ${dev} altname ${handle}`, ...stale];
  return lines.map(line => ({endpoint, line}));
}

function setUpLines({dev, mtu, gateway6, endpoint = dev}: OwnEndpointPort, {addresses, ownAddresses}: FoundPort): EndpointLine[] {
  const lines = [
    ...(mtu === undefined ? [] : [`link set dev ${dev} mtu ${mtu}`]),
    `link set dev ${dev} up`,
    ...(gateway6 === undefined || addresses.includes(gateway6) ? [] : [`address add ${addressLine(gateway6, dev)} nodad`]),
    ...ownAddresses.filter(address => address !== gateway6).map(address => `address del ${addressLine(address, dev)}`),
  ];
  return lines.map(line => ({endpoint, line}));
}

function leaveLines({dev}: OwnEndpointPort, {handles, ownAddresses}: FoundPort): EndpointLine[] {
  const lines = [
    ...ownAddresses.map(address => `address del ${addressLine(address, dev)}`),
    ...handles.map(name => `link property del dev ${dev} altname ${name}`),
  ];
  return lines.map(line => ({endpoint: dev, line, mayBeGone: true}));
}

function addressLine(address: Address, dev: string): string {
  return `${address}/64 dev ${dev} metric ${endpointMetric}`;
}
