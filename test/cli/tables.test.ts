import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type {Command} from 'commander';
import {addressCommand} from '../../src/cli/address.ts';
import {blackoutCommand} from '../../src/cli/blackout.ts';
import {blockCommand} from '../../src/cli/block.ts';
import {explainCommand} from '../../src/cli/explain.ts';
import {hostCommand} from '../../src/cli/host.ts';
import {networkCommand} from '../../src/cli/network.ts';
import type {CliParts} from '../../src/cli/parts.ts';
import {segmentCommand} from '../../src/cli/segment.ts';
import {tenantCommand} from '../../src/cli/tenant.ts';
import {topologyCommand} from '../../src/cli/topology.ts';
import {vipCommand} from '../../src/cli/vip.ts';
import {runNoun} from './in-process.ts';
import {small, wide} from './sample.ts';

// UPDATE_GOLDENS=1 writes these files anew.
const goldens = 'test/golden/cli';

const nouns: Readonly<Record<string, (parts: CliParts) => Command>> = {
  address: addressCommand,
  blackout: blackoutCommand,
  block: blockCommand,
  explain: explainCommand,
  host: hostCommand,
  network: networkCommand,
  segment: segmentCommand,
  tenant: tenantCommand,
  topology: topologyCommand,
  vip: vipCommand,
};

const shown = {
  small: [
    'address list',
    'address list --tenant shop --host host-1',
    'address show web-1',
    'blackout list',
    'block list',
    'block show 10.1.0.8/29 fd00:10:1::140/122',
    'explain 10.1.0.9',
    'host list',
    'host show host-1 host-5',
    'network list',
    'network show net1 net6',
    'segment list shop',
    'segment show shop seg-1',
    'tenant list',
    'tenant show shop idle',
    'topology list',
    'topology show',
    'vip list',
    'vip show db web',
  ],
  wide: [
    'address list',
    'block list',
    'host list',
    'host show ip-192-168-20-2.eu-west-1.compute.internal',
    'network list',
    'topology list',
    'topology show',
    'vip list',
  ],
} as const;

for (const [size, answers] of Object.entries({small, wide})) {
  for (const args of shown[size as 'small' | 'wide']) {
    const name = `${size} ${args.split(' ', 2).join(' ')}${args.includes('--') ? ' filtered' : ''}`.replaceAll(/[^a-z0-9]+/g, '-');
    test.serial(`${args} of the ${size} system is what ${goldens}/${name}.txt holds, in 100 columns`, async t => {
      const [noun = '', ...rest] = args.split(' ');
      const texts = [];
      for (const isUnicode of [false, true]) {
        const {stdout, stderr, error} = await runNoun(nouns[noun] ?? hostCommand, rest, {answers, isUnicode});
        t.deepEqual([stderr, error], ['', undefined]);
        t.deepEqual(
          stdout.split('\n').filter(line => line.length > 100),
          [],
        );
        texts.push(stdout);
      }
      const [ascii = '', unicode = ''] = texts;
      const text = size === 'wide' || unicode === ascii ? ascii : `${ascii}\n${unicode}`;
      const golden = path.join(goldens, `${name}.txt`);
      if (process.env['UPDATE_GOLDENS'] === '1') {
        mkdirSync(goldens, {recursive: true});
        writeFileSync(golden, text);
      }
      t.is(text, readFileSync(golden, 'utf8'), golden);
    });
  }
}

test.serial('no golden is left over', t => {
  t.is(readdirSync(goldens).length, Object.values(shown).flat().length);
});
