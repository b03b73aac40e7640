import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  decimalText,
  dividedByPowerOfTen,
  inUnitsOf,
  multiplied,
  parseDecimal,
} from '../../../src/domain/pricing/decimal.ts';

const READ: readonly (readonly [text: string, written: string | null])[] = [
  ['0', '0'],
  ['0.0000600000', '0.00006'],
  ['3.0000000000', '3'],
  ['0.000000546875', '0.000000546875'],
  ['1e-7', '0.0000001'],
  ['2.5E+3', '2500'],
  ['007', '7'],
  ['', null],
  ['-1', null],
  ['.5', null],
  ['1.', null],
  ['1,5', null],
  ['NaN', null],
  ['Infinity', null],
  ['0x10', null],
  ['1e999', null],
];

for (const [text, written] of READ) {
  test(`"${text}" is read as ${written ?? 'no number'}`, () => {
    const value = parseDecimal(text);
    assert.equal(value === null ? null : decimalText(value), written);
  });
}

test('a price for a million becomes one for one token with every digit kept', () => {
  const value = parseDecimal('0.0721');
  assert.ok(value !== null);
  assert.equal(decimalText(dividedByPowerOfTen(value, 6)), '0.0000000721');
});

test('what is no whole number of the units asked for is refused, not rounded', () => {
  const value = parseDecimal('0.0015');
  assert.ok(value !== null);
  assert.equal(inUnitsOf(value, 4), 15n);
  assert.throws(() => inUnitsOf(value, 3), RangeError);
});

test('numbers are written as they were read, and multiplied exactly', () => {
  const numbers = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 20n }), fc.integer({ min: 0, max: 12 }));
  fc.assert(
    fc.property(numbers, numbers, ([a, aDecimals], [b, bDecimals]) => {
      const [one, other] = [
        { digits: a, decimals: aDecimals },
        { digits: b, decimals: bDecimals },
      ];
      const again = parseDecimal(decimalText(one));
      assert.ok(again !== null);
      assert.equal(inUnitsOf(again, 12), inUnitsOf(one, 12));
      assert.equal(inUnitsOf(multiplied(one, other), 24), inUnitsOf(one, 12) * inUnitsOf(other, 12));
    }),
  );
});
