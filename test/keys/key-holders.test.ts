import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { newBearerKey } from '../../src/domain/keys/bearer-key.ts';
import { bearerDigest, dataKey } from '../../src/domain/keys/data-key.ts';
import { LOGGED_IN_FULL } from '../../src/domain/logging/call-logging.ts';
import { DEFAULT_GRANT } from '../../src/domain/policy/grant.ts';
import { CachedKeyHolders } from '../../src/keys/key-holders.ts';

const current = dataKey(1, randomBytes(32));
const keyring = {
  current,
  live: () => [current],
  byVersion: () => current,
  refresh: () => Promise.resolve(),
  catchUp: () => Promise.resolve(false),
  roll: () => Promise.reject(new Error('not here')),
};

/** A memory over a store that holds one key, with a note of all that the store was asked for. */
function memoryOver(key: string) {
  const asked: string[] = [];
  const holders = new CachedKeyHolders({
    keyring,
    find: (_kind, [lookup = '']) => {
      asked.push(lookup);
      if (lookup !== bearerDigest(current, key)) return Promise.resolve(null);
      return Promise.resolve({
        credential: { id: 1, lookup, dataKeyVersion: 1, validUntilMs: null },
        key: {
          id: 'key_1',
          alias: null,
          teamId: null,
          userId: null,
          expiresMs: null,
          blocked: false,
          grant: DEFAULT_GRANT,
          defaultRegion: null,
          allowedRoutes: null,
          tags: [],
          outputCap: null,
        },
        team: null,
        user: null,
        limits: [],
        logging: LOGGED_IN_FULL,
      });
    },
    rehash: () => undefined,
    currentAsOfMs: () => performance.now(),
    clock: { nowMs: () => Date.now(), elapsedMs: () => performance.now() },
    staleMs: 1000,
    random: randomBytes,
  });
  return { holders, asked };
}

test('a key is looked up once, and one that nobody holds too', async () => {
  const [key, unknown] = [newBearerKey(randomBytes), newBearerKey(randomBytes)];
  const { holders, asked } = memoryOver(key);
  for (let count = 0; count < 3; count += 1) {
    assert.equal((await holders.byBearerKey(key))?.caller.keyId, 'key_1');
    assert.equal(await holders.byBearerKey(unknown), null);
  }
  assert.deepEqual(
    asked,
    [key, unknown].map((each) => bearerDigest(current, each)),
  );
});

test('what can be no key is never looked up, however near it comes to a known one', async () => {
  const key = newBearerKey(randomBytes);
  const { holders, asked } = memoryOver(key);
  await holders.byBearerKey(key);
  const swapped = key.endsWith('A') ? 'B' : 'A';
  const wrong = [
    key.slice(0, -1) + swapped,
    key.toUpperCase(),
    ` ${key}`,
    `1 ${key}`,
    '',
    'sk-',
    'sk-' + 'x'.repeat(254),
  ];
  for (const text of wrong) assert.equal(holders.byBearerKey(text), null, text);
  assert.equal(asked.length, 1);
});
