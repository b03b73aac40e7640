import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { bearerDigest, dataKey, secretAccessKeyOf } from '../../../src/domain/keys/data-key.ts';

const bytes = randomBytes(32);
const key = dataKey(3, bytes);

test('the digest of a bearer key is HMAC-SHA-256 under the data key over its SHA-256', () => {
  const sha256 = createHash('sha256').update('sk-some-key-of-mine').digest();
  assert.equal(bearerDigest(key, 'sk-some-key-of-mine'), createHmac('sha256', bytes).update(sha256).digest('hex'));
});

test('a secret is 40 characters of the HMAC-SHA-256 of its access key id', () => {
  const secret = secretAccessKeyOf(key, 'AKOCABCDEFGHIJKLMNOP');
  const digest = createHmac('sha256', bytes).update('aws-secret:AKOCABCDEFGHIJKLMNOP').digest('base64');
  assert.match(secret, /^[A-Za-z0-9+/]{40}$/);
  assert.ok(digest.startsWith(secret));
});

test('another key, another id or another data key gives another result', () => {
  const others = [key, dataKey(3, randomBytes(32))];
  const digests = others.flatMap((each) => ['sk-a', 'sk-b'].map((text) => bearerDigest(each, text)));
  const secrets = others.flatMap((each) => ['AKOCA', 'AKOCB'].map((text) => secretAccessKeyOf(each, text)));
  assert.equal(new Set([...digests, ...secrets]).size, 8);
});

test('a data key that finds its way into a log shows nothing', () => {
  const shown = inspect(key, { depth: 9, showHidden: true }) + JSON.stringify(key) + inspect(key.key);
  for (const encoding of ['hex', 'base64', 'latin1'] as const) assert.ok(!shown.includes(bytes.toString(encoding)));
  assert.ok(!shown.includes(bytes.join(',')) && !/<Buffer/.test(shown));
});
