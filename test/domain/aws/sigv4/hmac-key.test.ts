import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { HmacKey } from '../../../../src/domain/aws/sigv4/hmac-key.ts';

test('any key of up to a block and any text give the HMAC that Node gives', () => {
  const texts = fc.string({ unit: 'grapheme', maxLength: 300 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.array(texts, { maxLength: 3 }), (key, several) => {
      const hmac = new HmacKey(key);
      for (const text of several) {
        assert.equal(hmac.hexOf(text), createHmac('sha256', key).update(text).digest('hex'));
      }
    }),
  );
});

test('a key longer than a block is refused, since it would have to be hashed first', () => {
  assert.throws(() => new HmacKey(new Uint8Array(65)), RangeError);
});
