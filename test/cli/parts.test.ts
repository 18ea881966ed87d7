import test from 'ava';
import {forEachItem, renderJson} from '../../src/cli/parts.ts';
import {type Column, renderAge, renderFittedTable, renderTable} from '../../src/cli/table.ts';

test('a table has columns as wide as their widest cell, and no blanks at the end', t => {
  t.is(
    renderTable(
      ['Name', 'IP'],
      [
        ['a-long-name', '10.1.0.1'],
        ['b', ''],
      ],
    ),
    'Name         IP\na-long-name  10.1.0.1\nb\n',
  );
  t.is(renderTable(['Name', 'IP'], []), 'Name  IP\n');
});

test('a table that is too wide first gets short headings, then shorter names, and never a cut CIDR', t => {
  const columns: Column[] = [
    {heading: 'Block CIDR'},
    {heading: 'Block Host', short: 'Host', isCut: true},
    {heading: 'x'.repeat(70), short: 'X'},
  ];
  t.is(renderFittedTable(columns, [['10.1.0.0/29', 'h', '1']]), `Block CIDR   Block Host  ${'x'.repeat(70)}\n10.1.0.0/29  h           1\n`);
  t.is(
    renderFittedTable(columns, [['10.1.0.0/29', 'a-longer-name', '1']]),
    `Block CIDR   Block Host     ${'x'.repeat(70)}\n10.1.0.0/29  a-longer-name  1\n`,
  );
  t.is(
    renderFittedTable(columns, [['2001:db8:1234::40/122', 'a-name', '1']]),
    'Block CIDR             Host    X\n2001:db8:1234::40/122  a-name  1\n',
  );
  const [, cut = '', short = ''] = renderFittedTable(columns, [
    ['2001:db8:1234:5678:9abc:def0:1234:40/122', 'a'.repeat(253), '1'],
    ['10.1.0.0/29', 'short', '2'],
  ]).split('\n');
  t.is(cut, `2001:db8:1234:5678:9abc:def0:1234:40/122  ${'a'.repeat(54)}…  1`);
  t.is(cut.length, 100);
  t.regex(short, /^10\.1\.0\.0\/29 +short +2$/);
  t.regex(renderFittedTable(columns, [['x'.repeat(120), 'abcdefghij', '1']]), /x{120} {2}abcdefg… {2}1\n$/);
});

test('a table of more rows than a call takes arguments', t => {
  const rows = Array.from({length: 300_000}, (_, index) => [String(index), 'x']);
  t.is(renderFittedTable([{heading: 'A'}, {heading: 'B', isCut: true}], rows).split('\n').length, 300_002);
});

test('an age is said as an operator says it', t => {
  t.deepEqual([0, 119, 120, 7199, 7200, 172_799, 172_800].map(renderAge), ['0 s', '119 s', '2 min', '120 min', '2 h', '48 h', '2 d']);
});

test('JSON is indented with tabs, and there is always something to read', t => {
  t.is(renderJson({a: [1]}), '{\n\t"a": [\n\t\t1\n\t]\n}\n');
  t.is(renderJson(''), renderJson({status_code: 200, details: '200 OK', see_also: ''}));
  t.is(renderJson([]), '[]\n');
});

test('each item is tried, and one that failed fails the whole in the end', async t => {
  const done: string[] = [];
  const warnings: string[] = [];
  const each = (items: readonly string[]) =>
    forEachItem(items, {warn: warning => warnings.push(warning)}, async item => {
      if (item.startsWith('bad')) throw new Error(`no ${item}`);
      done.push(item);
    });
  await each(['a', 'b']);
  await t.throwsAsync(each(['c', 'bad1', 'd', 'bad2']), {message: '2 of 4 failed'});
  t.deepEqual(done, ['a', 'b', 'c', 'd']);
  t.deepEqual(warnings, ['romana: no bad1\n', 'romana: no bad2\n']);
  await t.throwsAsync(each(['bad3']), {message: 'no bad3'});
  t.is(warnings.length, 2, 'one item alone is not told twice');
});
