import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { isAccessKeyId, newAccessKeyId } from '../../../src/domain/keys/access-key-id.ts';
import { isBearerKey, newBearerKey, ownKeyFault, shownName } from '../../../src/domain/keys/bearer-key.ts';
import { isKeyId, newKeyId } from '../../../src/domain/keys/key-id.ts';
import { BASE62, randomText } from '../../../src/domain/keys/random-text.ts';
import { looksVirtual } from '../../../src/domain/virtual-key.ts';

const bearerKey = newBearerKey(randomBytes);

test('new keys and ids have their documented form, are recognised and are virtual', () => {
  for (let count = 0; count < 1_000; count += 1) {
    const [key, accessKeyId, keyId] = [newBearerKey(randomBytes), newAccessKeyId(randomBytes), newKeyId(randomBytes)];
    assert.match(key, /^sk-[0-9A-Za-z]{38}$/);
    assert.match(accessKeyId, /^AKOC[A-Z2-7]{16}$/);
    assert.match(keyId, /^key_[0-9A-Za-z]{22}$/);
    assert.ok(isBearerKey(key) && isAccessKeyId(accessKeyId) && isKeyId(keyId));
    assert.ok(looksVirtual(key) && looksVirtual(`Bearer ${key}`) && looksVirtual(accessKeyId));
  }
});

test('no two new keys are the same', () => {
  assert.equal(new Set(Array.from({ length: 1_000 }, () => newBearerKey(randomBytes))).size, 1_000);
});

test('the checksum is the CRC-32 of what stands before it, in base 62', () => {
  const digits = bearerKey.slice(-6).split('');
  const value = digits.reduce((sum, digit) => sum * 62 + BASE62.indexOf(digit), 0);
  assert.equal(value, crc32(bearerKey.slice(0, -6)));
});

test('every wrong character and every swap of neighbours in a key is seen without a look-up', () => {
  for (let at = 3; at < bearerKey.length; at += 1) {
    for (const character of BASE62) {
      if (character === bearerKey[at]) continue;
      assert.equal(isBearerKey(bearerKey.slice(0, at) + character + bearerKey.slice(at + 1)), false);
    }
    const [one = '', next = ''] = [bearerKey[at], bearerKey[at + 1]];
    if (one === next || next === '') continue;
    assert.equal(isBearerKey(bearerKey.slice(0, at) + next + one + bearerKey.slice(at + 2)), false);
  }
});

const own: readonly (readonly [value: string, fault: RegExp | null])[] = [
  ['sk-1234567890123', null],
  ['sk-Zx9_-.~/+=:@{}', null],
  [`sk-${'a'.repeat(253)}`, null],
  [bearerKey, null],
  ['sk-123456789012', /16 to 256/],
  [`sk-${'a'.repeat(254)}`, /16 to 256/],
  ['sk-', /16 to 256/],
  ['pk-1234567890123', /begin with "sk-"/],
  ['SK-1234567890123', /begin with "sk-"/],
  ['', /begin with "sk-"/],
  [' sk-1234567890123', /begin with "sk-"/],
  ['sk-1234567 890123', /visible ASCII/],
  ['sk-1234567890123\n', /visible ASCII/],
  ['sk-1234567890123ü', /visible ASCII/],
  ['sk-1234567890\u0000123', /visible ASCII/],
  [`sk-${'a'.repeat(38)}`, /mistyped/],
];

for (const [value, fault] of own) {
  test(`a key of one's own, ${JSON.stringify(value).slice(0, 30)}: ${fault === null ? 'taken' : String(fault)}`, () => {
    const found = ownKeyFault(value);
    if (fault === null) assert.equal(found, null);
    else assert.match(found ?? '', fault);
    assert.equal(isBearerKey(value), fault === null);
    if (value.length > 3) assert.ok(!(found ?? '').includes(value.slice(3)));
  });
}

test('what may be chosen as a key is what is looked up, for any text', () => {
  const agrees = fc.property(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom('', 'sk-'),
    (text, prefix) => {
      assert.equal(isBearerKey(prefix + text), ownKeyFault(prefix + text) === null);
    },
  );
  fc.assert(agrees, { numRuns: 5_000 });
});

test('of a key only its last four characters are shown', () => {
  assert.equal(shownName('sk-abcdefghijklm6789'), 'sk-...6789');
});

const notAccessKeyIds = [
  '',
  'AKOC',
  'AKIAABCDEFGHIJKLMNOP',
  'AKOCABCDEFGHIJKLMNO',
  'AKOCABCDEFGHIJKLMNOPQ',
  'AKOCABCDEFGHIJKLMNO1',
  'akocabcdefghijklmnop',
  'AKOCABCDEFGHIJKLMNOP\n',
];

for (const text of notAccessKeyIds) {
  test(`${JSON.stringify(text)} is no virtual access key id`, () => assert.equal(isAccessKeyId(text), false));
}

test('bytes that would favour some characters are drawn again, and all characters come', () => {
  const bytes = [255, 248, 250, 0, 249, 61, 247];
  const drawn: number[] = [];
  const random = (count: number): Uint8Array => {
    drawn.push(count);
    return Uint8Array.from(bytes.splice(0, count));
  };
  assert.equal(randomText(random, BASE62, 3), '0zz');
  assert.deepEqual(drawn, [3, 3, 1]);

  const counts = new Map<string, number>();
  for (const character of randomText(randomBytes, BASE62, 62_000))
    counts.set(character, (counts.get(character) ?? 0) + 1);
  assert.equal(counts.size, 62);
  // 1,000 expected of each; seven standard deviations.
  for (const [character, count] of counts) assert.ok(Math.abs(count - 1_000) < 222, `${character}: ${count}`);
});
