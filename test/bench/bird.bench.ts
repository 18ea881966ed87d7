import {execFile} from 'node:child_process';
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {promisify} from 'node:util';
import {desiredBird} from '../../src/core/desired-bird.ts';
import type {NodeState} from '../../src/core/node-state.ts';
import {type Prefix, parsePrefix} from '../../src/core/prefix.ts';
import {templateData} from '../../src/core/publish.ts';
import {renderTemplate} from '../../src/core/template.ts';
import {birdItem, createBird} from '../../src/drivers/bird/bird.ts';
import {NotYetError} from '../../src/reconcile/driver.ts';
import {reconcile} from '../../src/reconcile/reconcile.ts';
import {step} from '../../src/reconcile/step.ts';
import {systemClock} from '../../src/system/clock.ts';
import {systemFiles} from '../../src/system/file-system.ts';
import {replaceFile} from '../../src/system/files.ts';
import {createShellRun} from '../../src/system/shell.ts';
import {nodeState, openGuards} from '../helpers/node-state.ts';
import {type Benchmark, describeSamples, percentile} from './benchmark.ts';
import {startTwoBirds, type TwoBirds, timers} from './two-birds.ts';

const sizes = (process.env['SIZES'] ?? '100,1000,10000,50000').split(',').map(Number);
const times = 30;
const shell = promisify(execFile);

const templates = {
  'bird.conf': 'router id 192.168.20.30;\nprotocol device {}\ninclude "conf.d/*.conf";\n',
  'publisher.conf': `protocol static romana {
  ipv4;
{{#each Networks4}}
  route {{this}} reject;
{{/each}}
}
protocol bgp tor {
  local as 65001;
  neighbor 192.168.20.1 as 65000;
  ${timers}
  ipv4 { import none; export where proto = "romana"; };
}
`,
};

/**
 * One changed prefix among many: what the publisher needs from the state of the store to a BIRD that has confirmed it and files that are in place,
 * beside \`bird -p\` and \`birdc configure\` by hand with the same files, the two taking turns.
 */
export const benchmark: Benchmark = {
  title: 'one changed prefix among many: publisher beside bird -p && birdc configure by hand (ms)',
  async run() {
    const rows: Record<string, Record<string, number>> = {};
    const summary: string[] = [];
    for (const size of sizes) {
      const birds = await startTwoBirds();
      try {
        const {romana, byHand, render} = await measure(birds, size);
        rows[`${size}: romana`] = describeSamples(romana.map(({done}) => done));
        rows[`${size}: by hand`] = describeSamples(byHand.map(({done}) => done));
        rows[`${size}: romana, at the neighbour`] = describeSamples(romana.map(({learned}) => learned));
        rows[`${size}: by hand, at the neighbour`] = describeSamples(byHand.map(({learned}) => learned));
        rows[`${size}: render alone`] = describeSamples(render);
        const ratio = (what: 'done' | 'learned') =>
          percentile(
            romana.map(sample => sample[what]),
            0.5,
          ) /
          percentile(
            byHand.map(sample => sample[what]),
            0.5,
          );
        summary.push(
          `${size} prefixes: ${ratio('done').toFixed(2)} × by hand until done, ${ratio('learned').toFixed(2)} × until the neighbour has it`,
        );
      } finally {
        await birds.remove();
      }
    }
    return {rows, summary};
  },
};

interface Sample {
  readonly done: number;
  readonly learned: number;
}

async function measure({host, tor, folder}: TwoBirds, size: number) {
  const {birdConf, confDir, birdSocket, birdPidFile} = host;
  const control = host.bird.control;
  const bird = createBird({
    run: createShellRun(),
    files: systemFiles,
    clock: systemClock,
    control,
    birdConf,
    confDir,
    birdSocket,
    birdPidFile,
  });
  const steps = [step<NodeState, ReturnType<typeof birdItem>>(bird, state => desiredBird(state).map(birdItem))];
  const own = Array.from({length: size}, (_, index) => parsePrefix(`10.${index >> 13}.${(index >> 5) & 255}.${(index & 31) * 8}/29`));
  const node = nodeState({
    blocks: own,
    publish: {birdConf, confDir, guards: {...openGuards, maxWithdrawPercent: 50, allowForeign: false}},
    templates: Object.entries(templates).map(([name, text]) => ({file: path.join(folder, 'templates', name), text})),
  });
  // As in the store, a block stays listed after it was released, and those that nobody touches stay as they are.
  const nodeWith = (extra?: Prefix, host = ''): NodeState => {
    const blocks = new Map(node.state.blocks);
    if (extra !== undefined) blocks.set(extra, {cidr: extra, host, tenant: '', segment: ''});
    return {...node, state: {...node.state, blocks}};
  };
  const pass = async (node: NodeState): Promise<void> => {
    const [result] = await reconcile(steps, node);
    if (result?.pending !== undefined) {
      await sleep(50);
      return pass(node);
    }
    if (result?.error !== undefined && !(result.error instanceof NotYetError)) throw result.error;
  };
  const learnedAt = async (prefix: string) => {
    for (;;) {
      const {lines} = await tor.control.command(`show route ${prefix}`);
      const [, time] = /\[host (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+)/.exec(lines.join('\n')) ?? [];
      if (time !== undefined) return new Date(time.replace(' ', 'T')).getTime();
      await sleep(20);
    }
  };
  const gone = async (prefix: string) => {
    while ((await tor.control.command(`show route ${prefix}`)).code !== '8001') await sleep(20);
  };

  await pass(nodeWith());
  await learnedAt(own.at(-1) ?? '');
  const extra = (index: number) => parsePrefix(`10.200.${index}.0/29`);
  const romana: Sample[] = [];
  const byHand: Sample[] = [];
  const render: number[] = [];
  for (let index = 0; index < times + 5; index += 1) {
    const prefix = extra(index);
    const changed = nodeWith(prefix, node.self.name);
    await sleep(50);
    const start = performance.timeOrigin + performance.now();
    await pass(changed);
    const done = performance.timeOrigin + performance.now() - start;
    const sample = {done, learned: (await learnedAt(prefix)) - start};
    const text = await readFile(path.join(confDir, 'publisher.conf'), 'utf8');
    await pass(nodeWith(prefix));
    await gone(prefix);

    // By hand: the same files, lying ready.
    await replaceFile(path.join(confDir, 'publisher.conf'), text);
    await sleep(50);
    const handStart = performance.timeOrigin + performance.now();
    await shell('sh', ['-c', `bird -p -c ${birdConf} && birdc -s ${birdSocket} configure`]);
    const handDone = performance.timeOrigin + performance.now() - handStart;
    const hand = {done: handDone, learned: (await learnedAt(prefix)) - handStart};
    await pass(nodeWith(prefix));
    await gone(prefix);

    const data = templateData(changed);
    const renderStart = performance.now();
    renderTemplate({file: 'publisher.conf', text: templates['publisher.conf']}, data);
    const rendered = performance.now() - renderStart;
    // The first ones warm up.
    if (index < 5) continue;
    romana.push(sample);
    byHand.push(hand);
    render.push(rendered);
  }
  return {romana, byHand, render};
}
