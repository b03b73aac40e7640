import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { secretWeakness } from '../../../src/domain/keys/secret-weakness.ts';

const weak: readonly (readonly [secret: string, why: RegExp])[] = [
  ['sk-1234', /example/],
  ['SK-1234-SK-1234-SK-1234', /example/],
  ['ChangeMe-ChangeMe-92-xyz', /example/],
  ['my-Password-is-9-miles-long', /example/],
  ['', /shorter than 16/],
  ['sk-9fK2mQ7xLpZ', /shorter than 16/],
  ['abababababababababab', /fewer than 8/],
  ['sk-sksksksksksksksk1', /fewer than 8/],
  ['abcdefghijklmnop', /runs/],
  ['9876543210987654', /runs/],
  ['aabbccddeeffgghhiijj', /runs/],
];

for (const [secret, why] of weak) {
  test(`"${secret}" is weak`, () => assert.match(secretWeakness(secret) ?? '', why));
}

test('secrets drawn at random are not weak', () => {
  for (let count = 0; count < 2_000; count += 1) {
    for (const secret of [
      randomBytes(32).toString('hex'),
      randomBytes(24).toString('base64'),
      `sk-${randomBytes(16).toString('base64url')}`,
    ]) {
      assert.equal(secretWeakness(secret), null, secret);
    }
  }
});
