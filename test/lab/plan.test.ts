import {mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {parseLabFile} from '../../src/lab/lab-file.ts';
import {planLab} from '../../src/lab/plan.ts';
import type {LabPlan} from '../../src/lab/plan-types.ts';

// UPDATE_GOLDENS=1 writes these files anew.
const goldens = 'test/golden/lab';

for (const name of ['two-racks', 'every-kind']) {
  test(`lab/${name}.yaml gives the nodes, links and files in ${goldens}/${name}`, t => {
    const plan = planOf(name);
    const texts = new Map([
      ['nodes.txt', nodesText(plan)],
      ...plan.nodes.flatMap(node => node.files.map(({path: file, text}): [string, string] => [`${node.name}/${file}`, text])),
    ]);
    if (process.env['UPDATE_GOLDENS'] === '1') rmSync(path.join(goldens, name), {recursive: true, force: true});
    for (const [file, text] of texts) {
      const golden = path.join(goldens, name, file);
      if (process.env['UPDATE_GOLDENS'] === '1') {
        mkdirSync(path.dirname(golden), {recursive: true});
        writeFileSync(golden, text);
      }
      t.is(text, readFileSync(golden, 'utf8'), golden);
    }
  });

  test(`no two interfaces of ${name} share an address, and the ends of a link share a prefix`, t => {
    const plan = planOf(name);
    const addresses = plan.nodes.flatMap(node => node.interfaces.flatMap(({addresses}) => addresses.map(({address}) => address)));
    t.is(new Set(addresses).size, addresses.length);
    for (const {upper, lower} of plan.links) {
      const [a, b] = [upper, lower].map(end => interfaceOf(plan, end.node, end.interface));
      t.deepEqual(a, b, `${upper.node} and ${lower.node}`);
    }
  });
}

/** The prefixes of an interface, or of the bridge that it belongs to. */
function interfaceOf(plan: LabPlan, node: string, name: string): string[] | undefined {
  const {interfaces = []} = plan.nodes.find(candidate => candidate.name === node) ?? {};
  const found = interfaces.find(candidate => candidate.name === name);
  const addressed = found?.bridge === undefined ? found : interfaces.find(candidate => candidate.name === found.bridge);
  return addressed?.addresses.map(({prefix}) => prefix);
}

function planOf(name: string): LabPlan {
  const file = `lab/${name}.yaml`;
  return planLab(parseLabFile(readFileSync(file, 'utf8'), file), '/opt/romana');
}

function nodesText({nodes, links}: LabPlan): string {
  const lines = nodes.flatMap(({name, role, rack, interfaces, defaultVia, processes}) => [
    `${name} (${role}${rack === undefined ? '' : ` of ${rack}`}): ${processes.map(({what}) => what).join(' ')}`,
    ...interfaces.map(
      ({name: device, kind, bridge, addresses}) =>
        `  ${[device, kind, bridge ?? '', ...addresses.map(({address, length}) => `${address}/${length}`)].filter(Boolean).join(' ')}`,
    ),
    ...defaultVia.map(via => `  default via ${via}`),
  ]);
  const pairs = links.map(({upper, lower}) => `${upper.node} ${upper.interface} - ${lower.node} ${lower.interface}`);
  return `${[...lines, '', ...pairs].join('\n')}\n`;
}
