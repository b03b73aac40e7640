import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { dollarsToNanos } from '../../../src/domain/limits/dollars.ts';
import { countText, dollarsText } from '../../../src/domain/limits/number-text.ts';

describe('dollars become nano-dollars exactly', () => {
  const rows = [
    [0, 0],
    [0.1, 100_000_000],
    [0.1 + 0.2, 300_000_000],
    ['0.10', 100_000_000],
    ['.5', 500_000_000],
    ['5.', 5_000_000_000],
    [1.15, 1_150_000_000],
    [1e-9, 1],
    ['0.000', 0],
    ['0e-300', 0],
    ['0.0000000005', 1],
    ['1e3', 1_000_000_000_000],
    ['12.5E-1', 1_250_000_000],
    [9_007_199.254_740_99, 9_007_199_254_740_990],
    ['000000000000000000000001', 1_000_000_000],
  ] as const;
  for (const [amount, nanos] of rows) {
    test(`${JSON.stringify(amount)} is ${nanos}`, () => assert.equal(dollarsToNanos(amount), nanos));
  }
});

describe('what is no amount of dollars is none', () => {
  const rows = [
    -1,
    '-0.5',
    NaN,
    Infinity,
    '',
    '.',
    'abc',
    '1,5',
    '0x10',
    ' 1',
    '1e',
    null,
    true,
    {},
    9_007_200,
    '1e999',
    4e-10,
    1e-12,
    '1e-300',
    '0.00000000049',
  ];
  for (const amount of rows) {
    test(JSON.stringify(amount) ?? 'NaN', () => assert.equal(dollarsToNanos(amount), null));
  }
});

test('any whole number of nano-dollars survives being written as a decimal', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (nanos) => {
      const digits = String(nanos).padStart(10, '0');
      assert.equal(dollarsToNanos(`${digits.slice(0, -9)}.${digits.slice(-9)}`), nanos);
    }),
  );
});

test('any text gives an amount or null, never an error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.double().map(String)), (text) => {
      const nanos = dollarsToNanos(text);
      assert.ok(nanos === null || (Number.isSafeInteger(nanos) && nanos >= 0));
    }),
  );
});

describe('amounts are written for people', () => {
  const rows = [
    [0, '$0.00'],
    [1_200_000_000, '$1.20'],
    [400_000, '$0.00040'],
    [1_234_567_890_000_000, '$1,234,567.89'],
    [1, '$0.000000001'],
  ] as const;
  for (const [nanos, text] of rows) test(text, () => assert.equal(dollarsText(nanos), text));
  test('1,234,567', () => assert.equal(countText(1_234_567), '1,234,567'));
  test('123', () => assert.equal(countText(123), '123'));
});
