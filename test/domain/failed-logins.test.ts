import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailedLogins } from '../../src/domain/failed-logins.ts';

const MINUTE_MS = 60_000;

test('failures of an address are told apart: within the bound, the first over it, those beyond', () => {
  const logins = new FailedLogins(2);
  const verdicts = [0, 1, 2, 3].map((ms) => logins.note('192.0.2.1', ms));
  assert.deepEqual(verdicts, ['within', 'within', 'crossed', 'beyond']);
});

test('a minute after its first failure an address begins anew', () => {
  const logins = new FailedLogins(1);
  assert.equal(logins.note('192.0.2.1', 0), 'within');
  assert.equal(logins.note('192.0.2.1', MINUTE_MS - 1), 'crossed');
  assert.equal(logins.note('192.0.2.1', MINUTE_MS), 'within');
  assert.equal(logins.note('192.0.2.1', MINUTE_MS + 1), 'crossed', 'and is told of it anew');
});

/** Addresses that share a bound, and those that don't. */
const SAME: readonly (readonly [string | null, string | null, boolean])[] = [
  ['192.0.2.1', '192.0.2.2', false],
  ['192.0.2.1', '::ffff:192.0.2.1', true],
  ['2001:db8::1', '2001:db8::ffff:1', true],
  ['2001:db8::1', '2001:db8:0:1::1', false],
  ['fe80::1%eth0', 'fe80::1', true],
  [null, null, true],
  [null, 'made up', true],
  ['made up', 'something else', true],
  [null, '192.0.2.1', false],
  ['::1', '0.0.0.1', false],
];

for (const [one, other, together] of SAME) {
  test(`${one} and ${other} count ${together ? 'together' : 'apart'}`, () => {
    const logins = new FailedLogins(1);
    logins.note(one, 0);
    assert.equal(logins.note(other, 0), together ? 'crossed' : 'within');
  });
}

test('what is remembered is bounded: of many addresses the one that began first is forgotten', () => {
  const logins = new FailedLogins(1);
  logins.note('192.0.2.1', 0);
  for (let address = 0; address < 9_999; address += 1) logins.note(`10.0.${address >> 8}.${address & 255}`, 1);
  assert.equal(logins.note('192.0.2.1', 2), 'crossed', 'the ten-thousandth has not been forgotten');
  logins.note('192.0.2.2', 3);
  assert.equal(logins.note('192.0.2.1', 4), 'within');
});
