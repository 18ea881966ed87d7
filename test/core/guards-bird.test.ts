import {writeFile} from 'node:fs/promises';
import fc from 'fast-check';
import {createJudge} from '../../src/core/guards/filter-verdict.ts';
import {parsePrefix} from '../../src/core/prefix.ts';
import {birdPaths, birdRoutes, startBird} from '../helpers/bird.ts';
import {temporaryFolder} from '../helpers/folder.ts';
import {createNamespace, namespaceTest} from '../helpers/namespace.ts';
import {configOf, type SampleProtocol, statics} from './guards-samples.ts';

const test = namespaceTest();

const protocols: readonly SampleProtocol[] = [
  statics(['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/29']),
  statics(['192.0.2.0/24', '10.1.0.8/29', '10.1.0.9/32'], {name: 'second'}),
];
const filters = {
  ours: '() { return proto = "romana"; }',
  lengthy: '() { if net.len > 28 then return true; return false; }',
};
const globals = {'define NAME': '"romana"', 'define NETS': '[ 10.1.0.0/16+, 0.0.0.0/0 ]'};

const birdConf = `router id 192.0.2.1;
protocol device { }
${Object.entries(globals)
  .map(([name, text]) => `${name} = ${text};`)
  .join('\n')}
${Object.entries(filters)
  .map(([name, text]) => `function ${name} ${text}`)
  .join('\n')}
${protocols.map(({name, routes = []}) => `protocol static ${name} { ipv4; ${routes.map(route => `route ${route} reject;`).join(' ')} }`).join('\n')}
`;

const simple = fc.constantFrom(
  ...[
    'proto = "romana"',
    'proto != "romana"',
    'proto ~ "r*"',
    'proto !~ "*e?"',
    '"second" = proto',
    'proto = NAME',
    'ours()',
    'lengthy()',
    'true',
    'false',
  ],
  ...['source = RTS_STATIC', 'source ~ [ RTS_STATIC, RTS_BGP ]', 'source !~ [ RTS_OSPF ]', 'net.len <= 24', 'net.len != 29', 'net ~ NETS'],
  ...['net = 10.1.0.0/29', 'net != 0.0.0.0/0', 'net ~ [ 10.1.0.8/29+ ]', 'net ~ [ 10.1.0.9/32- ]', 'net !~ [ 10.0.0.0/8{24,30} ]'],
);
/** Of these the judge knows nothing. */
const dark = fc.constantFrom('dest = RTD_UNREACHABLE', 'defined(bgp_med)', '(net.len + 1) > 25', 'ifname = ""', 'flag');

const {body} = fc.letrec<{term: string; atom: string; statement: string; body: string}>(tie => ({
  atom: fc.oneof(
    {weight: 6, arbitrary: simple},
    {weight: 1, arbitrary: dark},
    {weight: 2, arbitrary: fc.tuple(fc.constantFrom('', '!', '! !'), tie('term')).map(([not, term]) => `${not}(${term})`)},
  ),
  term: fc
    .tuple(tie('atom'), fc.array(fc.tuple(fc.constantFrom('&&', '||'), tie('atom')), {maxLength: 3}))
    .map(([first, more]) => [first, ...more.map(([operator, atom]) => `${operator} ${atom}`)].join(' ')),
  statement: fc.oneof(
    {depthSize: 'small'},
    fc.constantFrom('accept;', 'reject;', 'preference = 10;', '{ }'),
    fc.tuple(tie('term'), tie('statement')).map(([term, then]) => `if ${term} then ${then}`),
    fc
      .tuple(tie('term'), tie('statement'), tie('statement'))
      .map(([term, then, otherwise]) => `if ${term} then { ${then} } else ${otherwise}`),
    fc.tuple(tie('statement'), tie('statement')).map(parts => `{ ${parts.join(' ')} }`),
  ),
  body: fc.array(tie('statement'), {maxLength: 4}).map(statements => `{ bool flag = true; ${statements.join(' ')} }`),
}));

test('a filter is judged as BIRD itself applies it', async t => {
  const paths = birdPaths(await temporaryFolder(t));
  await writeFile(paths.birdConf, birdConf);
  const {control} = await startBird(t, await createNamespace(t, 'filters'), paths);
  const config = configOf(protocols, {filters, globals});
  const routes = protocols.flatMap(({name, routes: list = []}) =>
    list.map(route => ({proto: name, net: parsePrefix(route), source: 'RTS_STATIC'})),
  );
  t.is((await birdRoutes(control)).length, routes.length);
  let [known, all] = [0, 0];

  const {birdConf: file} = paths;
  await fc.assert(
    // In a file, since a command has no room for long ones. Without `case`, over which BIRD 2.0.12 crashes in this command.
    fc.asyncProperty(fc.array(body, {minLength: 40, maxLength: 40}), async bodies => {
      await writeFile(file, `${birdConf}${bodies.map((text, index) => `filter f${index} ${text}\n`).join('')}`);
      const {code, lines} = await control.command('configure');
      if (code !== '0003') throw new Error(`BIRD does not take the filters: ${code} ${lines.join(' ')}`);
      for (const [index, text] of bodies.entries()) {
        const passed = new Set(await birdRoutes(control, `filter f${index}`));
        const judge = createJudge(`filter ${text}`, config);
        for (const facts of routes) {
          const isPassed = passed.has(facts.net);
          const exact = judge(facts);
          for (const {mayAccept, mayReject} of [exact, judge({proto: facts.proto, source: facts.source})]) {
            const isRight = isPassed ? mayAccept : mayReject;
            if (!isRight) throw new Error(`${isPassed ? 'BIRD lets pass' : 'BIRD refuses'} ${facts.net} of ${facts.proto}: ${text}`);
          }
          all += 1;
          if (exact.mayAccept !== exact.mayReject) known += 1;
        }
      }
    }),
    {numRuns: 12, endOnFailure: true, includeErrorInReport: true},
  );
  t.true(known > all / 2, `only ${known} of ${all} could be judged`);
  t.log(`${known} of ${all} verdicts were certain`);
});
