import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { accountOfAccessKeyId } from '../../../src/domain/aws/access-key-account.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The first two are those of the pages that the form was published on. */
const ROWS: readonly (readonly [what: string, accessKeyId: string, account: string | null])[] = [
  ['a temporary key', 'ASIAY34FZKBOKMUTVV7A', '609629065308'],
  ['another', 'ASIAQNZGKIQY56JQ7WML', '029608264753'],
  ['the same, long-lived', 'AKIAY34FZKBOKMUTVV7A', '609629065308'],
  ['other bits at the end', 'ASIAY34FZKBOAAAAAAAA', '609629065308'],
  ['a key from before 2019', 'AKIAIOSFODNN7EXAMPLE', null],
  ['another', 'AKIAJEXAMPLEEXAMPLE2', null],
  ['an id of a user', 'AIDAY34FZKBOKMUTVV7A', null],
  ['one of ours', 'AKOCY34FZKBOKMUTVV7A', null],
  ['too short', 'ASIAY34FZKBOKMUTVV7', null],
  ['too long', 'ASIAY34FZKBOKMUTVV7AA', null],
  ['characters that are none of base32', 'AKIASIMULATOR0000000', null],
  ['lower case', 'asiay34fzkbokmutvv7a', null],
  ['no account has that number', 'AKIAQAAAAAAAAAAAAAAA', null],
  ['nor that one', 'AKIA7777777777777777', null],
  ['nothing', '', null],
];

for (const [what, accessKeyId, account] of ROWS) {
  test(`the account of ${what}: ${account}`, () => assert.equal(accountOfAccessKeyId(accessKeyId), account));
}

function encode(bits: bigint): string {
  return Array.from({ length: 16 }, (_, index) => ALPHABET[Number((bits >> BigInt(75 - 5 * index)) & 31n)]).join('');
}

test('every account comes back from an id made of it, whatever stands behind it', () => {
  fc.assert(
    fc.property(fc.bigInt(1n, 999_999_999_999n), fc.bigInt(0n, (1n << 39n) - 1n), (account, rest) => {
      const id = `AKIA${encode((1n << 79n) | (account << 39n) | rest)}`;
      assert.equal(accountOfAccessKeyId(id), account.toString().padStart(12, '0'));
    }),
  );
});
