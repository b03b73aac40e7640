import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { nanosOfUsd, usdNumber, usdText } from '../../src/domain/usd.ts';

test('amounts are written exactly and as short as they get', () => {
  const cases = [
    [0n, '0'],
    [1n, '0.000000001'],
    [4_250_000n, '0.00425'],
    [12_000_000_000n, '12'],
    [-77n, '-0.000000077'],
    [123_456_789_012_345_678_901n, '123456789012.345678901'],
  ] as const;
  for (const [nanos, text] of cases) assert.equal(usdText(nanos), text);
});

test('amounts are read as they were written, whatever they are', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), (nanos) => nanosOfUsd(usdText(nanos)) === nanos),
  );
  for (const text of ['', '-', '1e400', '0.0000000001', 'x', '--1', ' 1']) assert.equal(nanosOfUsd(text), null, text);
});

test('numbers have all the digits below a million dollars', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n - 1n }), (nanos) => {
      assert.equal(nanosOfUsd(usdNumber(nanos).toFixed(9)), nanos);
    }),
  );
  assert.equal(usdNumber(100_000_000n), 0.1);
});
