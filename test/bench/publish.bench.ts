import {createLabParts} from '../../src/bin/lab-parts.ts';
import {removeLab} from '../../src/lab/down.ts';
import {startLab} from '../../src/lab/lab.ts';
import {parseLabFile} from '../../src/lab/lab-file.ts';
import {nodeOf} from '../../src/lab/plan-nodes.ts';
import type {LabPlan} from '../../src/lab/plan-types.ts';
import {killProcess} from '../../src/lab/processes.ts';
import {type Benchmark, describeSamples, percentile} from './benchmark.ts';
import type {PublishJob, PublishSamples} from './publish-worker.ts';

const labName = 'bench';
const settleMs = 100;
const parts = createLabParts();

/**
 * From the 2xx of POST /address that claims a new block to its route in the ToR's kernel, beside the same change made by hand on the other
 * host of the rack (write the file, rename, `birdc configure`), the two taking turns.
 */
export const benchmark: Benchmark = {
  title: 'a new block, from the 2xx of POST /address to the kernel of the ToR',
  async run() {
    const file = `${parts.root}/lab/two-racks.yaml`;
    const lab = parseLabFile((await parts.readFileIfPresent(file)) ?? '', file, labName);
    try {
      const plan = await startLab(parts, lab);
      const frr = await measure(plan, {tor: 'tor-1', host: 'host-1', byHand: 'host-2', hand: '10.1.120.0/29', times: 100});
      const bird = await measure(plan, {tor: 'tor-2', host: 'host-3', byHand: 'host-4', hand: '10.1.248.0/29', times: 30});
      const rows = {
        'FRR ToR, BGP: romana': describeSamples(frr.romana),
        'FRR ToR, BGP: by hand': describeSamples(frr.byHand),
        'BIRD ToR, OSPF: romana': describeSamples(bird.romana),
        'BIRD ToR, OSPF: by hand': describeSamples(bird.byHand),
      };
      return {rows, summary: [verdict('FRR ToR, BGP', frr), verdict('BIRD ToR, OSPF', bird)], samples: {frr, bird}};
    } finally {
      await removeLab(parts, labName);
    }
  },
};

interface Series {
  readonly tor: string;
  readonly host: string;
  /** The host whose agent is ended, so that it does not undo what is done by hand. */
  readonly byHand: string;
  /** The first prefix that is announced by hand. */
  readonly hand: string;
  readonly times: number;
}

async function measure(plan: LabPlan, {tor, host, byHand, hand, times}: Series): Promise<PublishSamples> {
  const handHost = nodeOf(plan, byHand);
  await killProcess(parts, handHost, 'agent', 'TERM');
  const job: PublishJob = {torNamespace: nodeOf(plan, tor).namespace, host, byHandFolder: handHost.folder, hand, times};
  const worker = `${parts.root}/test/bench/publish-worker.ts`;
  const output = await parts.run('ip', ['netns', 'exec', nodeOf(plan, 'master').namespace, parts.node, worker, JSON.stringify(job)], {
    timeoutMs: 600_000,
  });
  return JSON.parse(output) as PublishSamples;
}

function verdict(name: string, {romana, byHand}: PublishSamples): string {
  const [ours, theirs] = [percentile(romana, 0.5), percentile(byHand, 0.5)];
  const limit = 2 * theirs + settleMs;
  const ratio = (ours - settleMs) / theirs;
  return `${name}: p50 ${ours.toFixed(1)} ms, limit 2.0 × ${theirs.toFixed(1)} + ${settleMs} = ${limit.toFixed(1)} ms: ${ours <= limit ? 'reached' : 'NOT reached'}; without settleMs ${ratio.toFixed(2)} × by hand`;
}
