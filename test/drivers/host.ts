import type {ExecutionContext} from 'ava';
import {parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import type {OwnNeighbourRoute} from '../../src/drivers/neighbour-routes.ts';
import type {Driver} from '../../src/reconcile/driver.ts';
import {reconcile} from '../../src/reconcile/reconcile.ts';
import {step} from '../../src/reconcile/step.ts';
import type {Run} from '../../src/system/run.ts';
import {connect, createNamespace, type Namespace} from '../helpers/namespace.ts';

/** A host in a namespace, on a segment with another that only holds the far end of its link. */
export interface DriverHost {
  readonly namespace: Namespace;
  /** Runs a whole command line inside, and gives its output. */
  ip(line: string): Promise<string>;
  /** The runner to hand to a driver: what it ran that is not a "show" stands in `changes`, with its input. */
  readonly run: Run;
  readonly changes: string[];
  /** Makes a driver's things be as wanted, in the way the agent does; throws what failed. */
  make<Item>(driver: Driver<Item>, wanted: readonly Item[]): Promise<void>;
}

export async function createDriverHost(t: ExecutionContext, label: string): Promise<DriverHost> {
  const namespace = await createNamespace(t, label);
  const far = await createNamespace(t, `${label}-far`);
  await connect(namespace, far, {
    addresses: [
      ['192.168.20.30/24', '2001:db8::30/64'],
      ['192.168.20.1/24', '2001:db8::1/64'],
    ],
  });
  const changes: string[] = [];
  return {
    namespace,
    ip: line => namespace.run('ip', line.split(' ')),
    changes,
    run(command, args, options) {
      if (!isLook(command, args)) changes.push([command, ...args, options?.input ?? ''].join(' ').trim());
      return namespace.run(command, args, options);
    },
    async make(driver, wanted) {
      const [result] = await reconcile([step(driver, () => wanted)], undefined);
      if (result?.error !== undefined) throw result.error;
    },
  };
}

/** True for the shell that asks the kernel several questions, or reads settings, and for nothing that may change anything. */
function isLook(command: string, args: readonly string[]): boolean {
  if (command === 'sh' && args[1] === 'cd /proc/sys/net; grep -sH . "$@"; true') return true;
  const commands = command === 'sh' ? (args[1] ?? '').split(' && ') : [[command, ...args].join(' ')];
  return commands.every(each => /^ip .* show( table \w+)?$/.test(each) || each.startsWith('printf '));
}

/** Everything of an output that does not change by itself, as sorted lines. */
export function lines(output: string): string[] {
  return output
    .split('\n')
    .map(line => line.trim().replaceAll(/\s+/g, ' '))
    .filter(Boolean)
    .toSorted();
}

/** Wanted neighbour routes by "to via", "to via,via", "to via dev". */
export function routes(...texts: readonly string[]): OwnNeighbourRoute[] {
  return texts.map(text => {
    const [to = '', via = '', dev = 'eth0'] = text.split(' ');
    return {to: parsePrefix(to), hops: via.split(',').map(each => ({via: parseAddress(each), dev}))};
  });
}
