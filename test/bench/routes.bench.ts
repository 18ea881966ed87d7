import path from 'node:path';
import {createRun} from '../../src/system/run.ts';
import {type Benchmark, type BenchmarkResult, describeSamples, percentile} from './benchmark.ts';
import type {RouteSamples} from './routes-worker.ts';

const worker = path.join(import.meta.dirname, 'routes-worker.ts');
const tenMinutesMs = 600_000;

/** Routes to other hosts: all of them at once, one that changes, and none; each beside iproute2 by hand in the same namespace, the two taking turns. */
export const benchmark: Benchmark = {
  title: '10,000 routes to other hosts: agent beside iproute2 by hand (ms)',
  async run(): Promise<BenchmarkResult> {
    // In a network of its own, and with an /etc/iproute2 of its own.
    const output = await createRun()('unshare', ['--net', '--mount', process.execPath, worker], {timeoutMs: tenMinutesMs});
    const {initial, batch, change, byHand, replace, idle, load} = JSON.parse(output) as RouteSamples;
    const half = (samples: readonly number[]) => percentile(samples, 0.5);
    const ratio = (a: readonly number[], b: readonly number[]) => (half(a) / half(b)).toFixed(2);
    return {
      rows: {
        'all: romana': describeSamples(initial),
        'all: ip -batch of the same lines': describeSamples(batch),
        'one: romana, from etcd to the kernel': describeSamples(change),
        'one: dump and ip route replace': describeSamples(byHand),
        'one: ip route replace alone': describeSamples(replace),
      },
      summary: [
        `all routes: ${ratio(initial, batch)} × ip -batch`,
        `one change: ${ratio(change, byHand)} × a dump and ip route replace, ${ratio(change, replace)} × ip route replace alone`,
        `idle for ${idle.seconds} s: ${((idle.cpuSeconds / idle.seconds) * 100).toFixed(2)} % of a core, ${idle.memoryMiB} MiB of memory (${idle.processes})`,
        `load of the machine at the end: ${load}`,
      ],
      samples: {initial, batch, change, byHand, replace, idle},
    };
  },
};
