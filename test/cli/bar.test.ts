import test from 'ava';
import fc from 'fast-check';
import {fractionOf, renderBar, renderCount, renderPercent} from '../../src/cli/bar.ts';

test('a bar is filled by eighths of a character, or by whole ones in plain ASCII', t => {
  const fractions = [0, 0.001, 0.05, 0.5, 0.51, 0.999, 1];
  t.deepEqual(
    fractions.map(fraction => renderBar(fraction, 10, true)),
    ['░░░░░░░░░░', '▏░░░░░░░░░', '▌░░░░░░░░░', '█████░░░░░', '█████▏░░░░', '█████████▉', '██████████'],
  );
  t.deepEqual(
    fractions.map(fraction => renderBar(fraction, 10)),
    ['..........', '#.........', '#.........', '#####.....', '#####.....', '#########.', '##########'],
  );
});

test('a bar always has its width, and says nothing and all of nothing and all alone', t => {
  const fraction = fc.double({min: 0, max: 1, noNaN: true});
  fc.assert(
    fc.property(fraction, fc.integer({min: 2, max: 80}), fc.boolean(), (value, width, isUnicode) => {
      const bar = renderBar(value, width, isUnicode);
      t.is(bar.length, width);
      t.is(/^[░.]+$/.test(bar), value === 0);
      t.is(/^[█#]+$/.test(bar), value === 1);
    }),
  );
});

test('a fraction of numbers that no double holds is neither none nor all', t => {
  const whole = 1n << 120n;
  t.deepEqual([fractionOf(0n, whole), fractionOf(whole, whole), fractionOf(0n, 0n)], [0, 1, 0]);
  t.true(fractionOf(1n, whole) > 0);
  t.true(fractionOf(whole - 1n, whole) < 1);
  t.is(fractionOf(1n << 119n, whole), 0.5);
  t.deepEqual(
    [1n, whole / 2n, whole - 1n, whole].map(part => renderPercent(fractionOf(part, whole))),
    ['<1 %', '50 %', '>99 %', '100 %'],
  );
  t.is(renderPercent(0), '0 %');
});

test('counts are exact up to a thousand million, and short beyond', t => {
  const counts = [0, 999, 1000, 65_536n, 999_999_999, 4_294_967_296n, 1n << 64n, (1n << 64n) - 1n, 1n << 120n];
  t.deepEqual(counts.map(renderCount), ['0', '999', '1,000', '65,536', '999,999,999', '4.29e9', '1.84e19', '1.84e19', '1.32e36']);
});
