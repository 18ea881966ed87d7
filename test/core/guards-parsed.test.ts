import {readFileSync} from 'node:fs';
import test from 'ava';
import {parseBirdConfig} from '../../src/core/bird-config/parse.ts';
import {findNamingSlips} from '../../src/core/naming-slips.ts';
import {type Prefix, parsePrefix} from '../../src/core/prefix.ts';
import {templateData} from '../../src/core/publish.ts';
import {checkGuards, type GuardInput} from '../../src/core/publish-guards.ts';
import {renderTemplate} from '../../src/core/template.ts';
import {nodeState} from '../helpers/node-state.ts';
import {blocks, inputOf, publisherPath, strictGuards} from './guards-samples.ts';

const birdConf = {path: '/etc/bird/bird.conf', text: readFileSync('bird/bird.conf', 'utf8')};
const vars = {neighbor: '192.168.20.1', interface: 'eth0'};

/** A case of a shipped template on a host with these blocks. */
function shipped(
  template: string,
  networks: readonly Prefix[],
  publish: {localAs?: number; vars?: Record<string, unknown>} = {},
): GuardInput {
  const file = `templates/${template}/publisher.conf`;
  const addresses = ['192.168.20.30/24', '2001:db8::30/64'];
  const data = templateData(
    nodeState({addresses, blocks: networks, publish: {localAs: 65000, ...publish, vars: {...vars, ...publish.vars}}}),
  );
  const publisher = {path: publisherPath, text: renderTemplate({file, text: readFileSync(file, 'utf8')}, data).text};
  return inputOf(parseBirdConfig([birdConf, publisher], birdConf.path), {publisher, networks: data.Networks});
}

const some = [...blocks(40), parsePrefix('2001:db8:1::/122')];

for (const template of ['bird2/bgp', 'bird2/ospf']) {
  test(`${template}: nothing is wrong with what we ship, with blocks and without`, t => {
    for (const networks of [some, []]) {
      const input = shipped(template, networks);
      t.deepEqual(checkGuards({...input, before: input.after}), []);
      t.deepEqual(findNamingSlips({after: input.after, networks, settings: strictGuards}), []);
    }
  });

  test(`${template}: losing most blocks is refused, unless the store has taken them`, t => {
    const input = {...shipped(template, some.slice(0, 10)), before: shipped(template, some).after};
    t.deepEqual(
      checkGuards(input).map(({guard, reason}) => [guard, /^\d+ of \d+/.exec(reason)?.[0]]),
      [['withdraw', '31 of 41']],
    );
    t.deepEqual(checkGuards({...input, released: prefix => !input.networks.includes(prefix)}), []);
  });

  test(`${template}: a template cut short loses its sessions and its prefixes`, t => {
    const before = shipped(template, some).after;
    const text = '# Rendered by romana agent\nrouter id 192.168.20.30;\n';
    const after = parseBirdConfig([birdConf, {path: publisherPath, text}], birdConf.path);
    t.deepEqual(
      checkGuards(inputOf(after, {before, publisher: {path: publisherPath, text}, networks: some})).map(({guard}) => guard),
      ['peers', 'withdraw'],
    );
  });
}

test('an external session of the shipped template that imports all is worth a warning', t => {
  const warnings = checkGuards(shipped('bird2/bgp', some, {vars: {neighborAs: 65001, import: 'all'}}));
  t.deepEqual(
    warnings.map(({guard, level, file}) => [guard, level, file]),
    [
      ['open-filter', 'warn', publisherPath],
      ['open-filter', 'warn', publisherPath],
    ],
  );
  t.deepEqual(checkGuards(shipped('bird2/bgp', some, {vars: {import: 'all'}})), [], 'an internal one');
});

const oldSyntax = `# BIRD 1.6
define ROUTER = 192.168.20.1;
define PEER = 65001;
protocol static romana_routes {
  route 10.1.0.0/29 reject;
  route 192.0.2.0/24 reject;
  route 0.0.0.0/0 via ROUTER;
}
protocol bgp tor {
  export filter { if proto = "romana_routes" && net != 0.0.0.0/0 then accept; reject; };
  local as 65000;
  neighbor ROUTER as PEER;
}
`;

test('the syntax of BIRD 1.6: places, defaults and constants', t => {
  const file = {path: publisherPath, text: oldSyntax};
  const findings = checkGuards(inputOf(parseBirdConfig([file], publisherPath), {publisher: file}));
  t.deepEqual(
    findings.map(({guard, line}) => [guard, line]),
    [
      ['foreign', 6],
      ['open-filter', 9],
    ],
  );
  t.regex(findings[1]?.reason ?? '', /protocol bgp tor, a session with another AS, has no "import", which is "import all"/);
});
