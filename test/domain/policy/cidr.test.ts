import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { blockCovers, blockHolds, parseBlock } from '../../../src/domain/policy/cidr.ts';

const ROWS: readonly (readonly [block: string, address: string, holds: boolean])[] = [
  ['10.0.0.0/8', '10.255.1.2', true],
  ['10.0.0.0/8', '11.0.0.0', false],
  ['10.0.0.0/8', '::ffff:10.1.2.3', true],
  ['10.0.0.0/8', '::FFFF:0a01:0203', true],
  ['::ffff:10.0.0.0/104', '10.1.2.3', true],
  ['192.0.2.7', '192.0.2.7', true],
  ['192.0.2.7', '192.0.2.8', false],
  ['0.0.0.0/0', '255.255.255.255', true],
  ['0.0.0.0/0', '::1', false],
  ['::/0', '2001:db8::1', true],
  ['::/0', '10.0.0.1', false],
  ['2001:db8::/32', '2001:0DB8:0:0::1', true],
  ['2001:db8::/32', '2001:db9::1', false],
  ['fe80::/10', 'fe80::1%eth0', true],
  ['10.0.0.0/8', '010.0.0.1', false],
  ['10.0.0.0/8', '10.0.0', false],
  ['10.0.0.0/8', '10.0.0.256', false],
  ['10.0.0.0/8', '167772161', false],
  ['10.0.0.0/8', '10.0.0.1 ', false],
  ['10.0.0.0/8', '', false],
];

for (const [text, address, expected] of ROWS) {
  test(`${text} ${expected ? 'holds' : 'does not hold'} ${JSON.stringify(address)}`, () => {
    const block = parseBlock(text);
    assert.ok(block !== null);
    assert.equal(blockHolds(block, address), expected);
  });
}

const NO_BLOCKS = [
  '',
  '/',
  '10.0.0.0/',
  '10.0.0.0/33',
  '10.0.0.1/8',
  '10.0.0.0/08',
  '10.0.0.0/8/8',
  '::/129',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1.2.3.4::',
  'localhost',
  '10.0.0.0/-1',
  'fe80::1%eth0',
  '::1.2.3',
];
for (const text of NO_BLOCKS) test(`${JSON.stringify(text)} is no block`, () => assert.equal(parseBlock(text), null));

const block = fc.tuple(fc.nat({ max: 0xffffffff }), fc.nat({ max: 32 })).map(([value, length]) => {
  const network = length === 0 ? 0 : (value >>> (32 - length)) << (32 - length);
  return `${[24, 16, 8, 0].map((shift) => (network >>> shift) & 255).join('.')}/${length}`;
});

test('a covering block holds what the covered one holds', () => {
  fc.assert(
    fc.property(block, block, fc.ipV4(), (outerText, innerText, address) => {
      const [outer, inner] = [parseBlock(outerText), parseBlock(innerText)];
      assert.ok(outer !== null && inner !== null);
      if (blockCovers(outer, inner) && blockHolds(inner, address)) assert.ok(blockHolds(outer, address));
      assert.ok(blockCovers(outer, outer));
    }),
    { numRuns: 5000, seed: 3 },
  );
});

test('reading an address is total', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.ipV6(), fc.ipV4()), (text) => void parseBlock(text)),
    { numRuns: 5000, seed: 3 },
  );
  fc.assert(
    fc.property(fc.oneof(fc.ipV6(), fc.ipV4()), (text) => assert.ok(parseBlock(text) !== null)),
    { numRuns: 2000, seed: 3 },
  );
});
