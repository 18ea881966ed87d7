import test from 'ava';
import fc from 'fast-check';
import {parseBirdConfig} from '../../src/core/bird-config/parse.ts';

// A configuration is read again with the one before at hand, which must not make any difference but in time.

const route = fc
  .tuple(
    fc.nat(255),
    fc.constantFrom('10.0.X.0/24', '10.0.X.8/29', 'fd00:X::/64', '10.0.X.0/33', '10.0.X.1'),
    fc.constantFrom('reject', 'via "a;b"', 'via 10.0.0.1'),
  )
  .map(([number, prefix, target]) => `route ${prefix.replace('X', String(number))} ${target};`);
const line = fc.oneof(
  {weight: 12, arbitrary: route.map(text => `  ${text}\n`)},
  {weight: 1, arbitrary: route.map(text => text)},
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '\n',
      '\n\n  ',
      '# route 10.9.9.0/24 reject;\n',
      '/* a\n',
      '*/\n',
      '  route 10.9.0.0/16 { };\n',
      'ipv4 { table t; };\n',
    ),
  },
  {weight: 1, arbitrary: fc.constantFrom('}\nprotocol static {\n', '}\n', 'include "other.conf";\n', 'protocol static again {\n')},
);
const body = fc.array(line, {maxLength: 60});
/** Where something goes out, how much of it, and what comes in. */
const edit = fc.tuple(fc.nat(60), fc.nat(20), fc.array(line, {maxLength: 4}));

const textOf = (lines: readonly string[]) => `protocol device {\n}\nprotocol static romana {\n${lines.join('')}}\n`;
const other = {path: '/b/other.conf', text: 'route 10.77.0.0/16 reject;\n  route 10.78.0.0/16 reject;\n'};

test('read again, a configuration is what it is read for the first time', t => {
  fc.assert(
    fc.property(body, fc.array(edit, {minLength: 1, maxLength: 5}), (first, edits) => {
      let lines = first;
      let before = parseBirdConfig([{path: '/b/bird.conf', text: textOf(lines)}, other], '/b/bird.conf');
      for (const [at, gone, come] of edits) {
        lines = lines.toSpliced(at, gone, ...come);
        const files = [{path: '/b/bird.conf', text: textOf(lines)}, other];
        const again = parseBirdConfig(files, '/b/bird.conf', before);
        t.deepEqual(again, parseBirdConfig(files, '/b/bird.conf'));
        before = again;
      }
    }),
    {numRuns: 400},
  );
});

test('thousands of routes, of which a few change, keep their lines', t => {
  const prefixes = Array.from({length: 5000}, (_, index) => `10.${index >> 8}.${index & 255}.0/24`);
  const read = (list: readonly string[], before?: ReturnType<typeof parseBirdConfig>) =>
    parseBirdConfig(
      [{path: '/b', text: `protocol static s {\n${list.map(prefix => `  route ${prefix} reject;\n`).join('')}}\n`}],
      '/b',
      before,
    );
  const before = read(prefixes);
  const changed = prefixes
    .toSpliced(4000, 40)
    .toSpliced(3000, 1, '192.0.2.0/24', '198.51.100.0/24')
    .toSpliced(10, 3)
    .toSpliced(0, 0, '203.0.113.0/24');
  const after = read(changed, before);
  const routes = after.protocols.get('s')?.routes ?? [];
  t.deepEqual(
    routes.map(({prefix, line: at}) => [prefix, at]),
    changed.map((prefix, index) => [prefix, index + 2]),
  );
  const known = new Set(routes);
  const again = read(changed, after).protocols.get('s')?.routes ?? [];
  t.true(again.length === changed.length && again.every(one => known.has(one)), 'nothing is read twice');
});
