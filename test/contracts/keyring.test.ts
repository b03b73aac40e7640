import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { bearerDigest } from '../../src/domain/keys/data-key.ts';
import { openKeyring } from '../../src/keys/keyring.ts';
import { createDataKeyStore } from '../../src/storage/data-key-store.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { CLOCK, onEachDatabase } from './each-database.ts';

const SECRET = 'a secret of some length 1';
const NEXT_SECRET = 'another secret of some length 2';

function open(storage: Storage, secret: string, previousSecret: string | null = null) {
  const store = createDataKeyStore(storage);
  return openKeyring({ store, secret, previousSecret, random: randomBytes, nowMs: () => CLOCK.nowMs() });
}

onEachDatabase((database) => {
  test('instances that start at once on an empty store hold the same data key, and roll it for each other', async () => {
    const place = await database.newPlace();
    const storages = [await database.open(place), await database.open(place), await database.open(place)];
    const keyrings = await Promise.all(storages.map((storage) => open(storage, SECRET)));
    const digests = () => new Set(keyrings.map(({ current }) => bearerDigest(current, 'sk-x')));
    assert.equal(digests().size, 1);
    await keyrings[0]?.roll(CLOCK.nowMs() + 60_000);
    await Promise.all(keyrings.map((keyring) => keyring.refresh()));
    assert.equal(digests().size, 1);
    assert.deepEqual(
      keyrings.map((keyring) => keyring.live().map(({ version }) => version)),
      [
        [2, 1],
        [2, 1],
        [2, 1],
      ],
    );
  });

  test('an instance that has heard of no roll catches up when it finds a key nobody seems to hold', async () => {
    const place = await database.newPlace();
    const [here, there] = [
      await open(await database.open(place), SECRET),
      await open(await database.open(place), SECRET),
    ];
    assert.equal(await there.catchUp(1), false, 'there is nothing to catch up with');
    const rolled = await here.roll(CLOCK.nowMs() + 60_000);
    assert.equal(there.current.version, 1);
    const caughtUp = await Promise.all([there.catchUp(1), there.catchUp(1)]);
    assert.deepEqual(caughtUp, [true, true]);
    assert.equal(bearerDigest(there.current, 'sk-x'), bearerDigest(rolled, 'sk-x'));
    assert.deepEqual([await there.catchUp(1), await there.catchUp(2)], [true, false]);
  });

  test('the secret changes without locking anyone out, and a wrong one is refused', async () => {
    const storage = await database.open();
    const first = await open(storage, SECRET);
    const second = await open(storage, NEXT_SECRET, SECRET);
    const digests = [first, second, await open(storage, SECRET), await open(storage, NEXT_SECRET)].map(({ current }) =>
      bearerDigest(current, 'sk-x'),
    );
    assert.equal(new Set(digests).size, 1);
    await assert.rejects(open(storage, 'a wrong secret of some length'), { name: 'KeyringError' });
  });
});
