import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { newAccessKeyId } from '../../src/domain/keys/access-key-id.ts';
import { newBearerKey } from '../../src/domain/keys/bearer-key.ts';
import { bearerDigest, type DataKey, secretAccessKeyOf } from '../../src/domain/keys/data-key.ts';
import { LOGGED_IN_FULL } from '../../src/domain/logging/call-logging.ts';
import { DEFAULT_GRANT } from '../../src/domain/policy/grant.ts';
import { CachedKeyHolders, type CredentialFacts } from '../../src/keys/key-holders.ts';
import { type Keyring, openKeyring } from '../../src/keys/keyring.ts';
import { createRehashQueue } from '../../src/keys/rehash-queue.ts';
import { MemoryDataKeys } from '../domain/keys/memory-data-keys.ts';

const DAY_MS = 86_400_000;
const CLOCK = { nowMs: () => Date.now(), elapsedMs: () => performance.now() };

function openRing(store: MemoryDataKeys): Promise<Keyring> {
  return openKeyring({
    store,
    secret: 'correct horse battery staple',
    previousSecret: null,
    random: randomBytes,
    nowMs: CLOCK.nowMs,
  });
}

/** An instance that hears no news: all it knows of a roll is what it finds out itself. */
class Instance {
  /** Stored credentials, by what they are looked up by. */
  readonly rows: Map<string, CredentialFacts>;
  readonly holders: CachedKeyHolders;
  readonly rehashed: (readonly [id: number, lookup: string, version: number])[] = [];
  lookUps = 0;
  /** Runs in the middle of the next look-up. */
  meanwhile: () => Promise<unknown> = () => Promise.resolve();

  constructor(keyring: Keyring, rows: Map<string, CredentialFacts>) {
    this.rows = rows;
    this.holders = new CachedKeyHolders({
      keyring,
      find: async (_kind, lookups) => {
        this.lookUps += 1;
        const [found] = lookups.flatMap((lookup) => rows.get(lookup) ?? []);
        await this.meanwhile();
        return found ?? null;
      },
      rehash: (id, { lookup, dataKeyVersion }) => this.rehashed.push([id, lookup, dataKeyVersion]),
      currentAsOfMs: CLOCK.elapsedMs,
      clock: CLOCK,
      staleMs: 1000,
      random: randomBytes,
    });
  }
}

function factsOf(lookup: string, { version }: DataKey): CredentialFacts {
  return {
    credential: { id: 7, lookup, dataKeyVersion: version, validUntilMs: null },
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
  };
}

async function twoInstances() {
  const store = new MemoryDataKeys();
  const [ringHere, ringThere] = await Promise.all([openRing(store), openRing(store)]);
  const rows = new Map<string, CredentialFacts>();
  const put = (lookup: string, dataKey: DataKey) => rows.set(lookup, factsOf(lookup, dataKey));
  return { ringHere, ringThere, rows, put, there: new Instance(ringThere, rows) };
}

test('a key stored under a data key that this instance has not heard of is found all the same', async () => {
  const { ringHere, put, there } = await twoInstances();
  const rolled = await ringHere.roll(Date.now() + DAY_MS);
  const key = newBearerKey(randomBytes);
  put(bearerDigest(rolled, key), rolled);
  assert.equal((await there.holders.byBearerKey(key))?.caller.keyId, 'key_1');
});

test('so is one that moved while it was being looked up, and while the roll was being heard of', async () => {
  const { ringHere, ringThere, rows, put, there } = await twoInstances();
  const rolled = await ringHere.roll(Date.now() + DAY_MS);
  const key = newBearerKey(randomBytes);
  there.meanwhile = async () => {
    there.meanwhile = () => Promise.resolve();
    rows.clear();
    put(bearerDigest(rolled, key), rolled);
    await ringThere.refresh();
  };
  assert.equal((await there.holders.byBearerKey(key))?.caller.keyId, 'key_1');
});

test('a pair made under such a data key has its secret', async () => {
  const { ringHere, put, there } = await twoInstances();
  const rolled = await ringHere.roll(Date.now() + DAY_MS);
  const accessKeyId = newAccessKeyId(randomBytes);
  put(accessKeyId, rolled);
  const holder = await there.holders.byAccessKeyId(accessKeyId);
  assert.equal(holder?.secretAccessKey, secretAccessKeyOf(rolled, accessKeyId));
});

test('a key found under an older data key is told of once per look-up, one under the current one never', async () => {
  const { ringThere, put, there } = await twoInstances();
  const [old, fresh] = [newBearerKey(randomBytes), newBearerKey(randomBytes)];
  put(bearerDigest(ringThere.current, old), ringThere.current);
  const rolled = await ringThere.roll(Date.now() + DAY_MS);
  put(bearerDigest(rolled, fresh), rolled);
  for (const key of [old, old, fresh]) assert.equal((await there.holders.byBearerKey(key))?.caller.keyId, 'key_1');
  assert.deepEqual(there.rehashed, [[7, bearerDigest(rolled, old), 2]]);
});

test('a key in memory is looked up once more after a roll, which moves it, and a pair is not', async () => {
  const { ringThere, rows, put, there } = await twoInstances();
  const { holders } = there;
  const [key, accessKeyId] = [newBearerKey(randomBytes), newAccessKeyId(randomBytes)];
  const first = ringThere.current;
  put(bearerDigest(first, key), first);
  put(accessKeyId, first);
  const askTwice = async () => {
    for (const found of [holders.byBearerKey(key), holders.byBearerKey(key), holders.byAccessKeyId(accessKeyId)]) {
      assert.equal((await found)?.caller.keyId, 'key_1');
    }
    return there.lookUps;
  };
  assert.equal(await askTwice(), 2);
  assert.equal(await askTwice(), 2);
  const rolled = await ringThere.roll(Date.now() + DAY_MS);
  assert.equal(await askTwice(), 3);
  const moved = bearerDigest(rolled, key);
  assert.deepEqual(there.rehashed, [[7, moved, 2]]);
  rows.delete(bearerDigest(first, key));
  put(moved, rolled);
  holders.hear([{ kind: 'key', id: 'key_1' }]);
  assert.equal(await askTwice(), 5);
  assert.equal(there.rehashed.length, 1);
});

test('with the end of its data key a key in memory ends too, unless it has moved', async () => {
  const { ringThere, put, there } = await twoInstances();
  const [left, moved] = [newBearerKey(randomBytes), newBearerKey(randomBytes)];
  const first = ringThere.current;
  for (const key of [left, moved]) put(bearerDigest(first, key), first);
  for (const key of [left, moved]) assert.notEqual(await there.holders.byBearerKey(key), null);
  const rolled = await ringThere.roll(Date.now());
  put(bearerDigest(rolled, moved), rolled);
  assert.equal(await there.holders.byBearerKey(left), null);
  assert.notEqual(await there.holders.byBearerKey(moved), null);
});

test('keys move one after the other, each once; one that could not is logged without it and tried again later', async () => {
  const written: number[] = [];
  const logged: string[] = [];
  const release: (() => void)[] = [];
  const note = (facts: object, message: string) => logged.push(message + JSON.stringify(facts));
  const queue = createRehashQueue({
    write: async (id) => {
      written.push(id);
      await new Promise<void>((resolve) => release.push(resolve));
      if (written.length === 1) throw new Error('the store is down');
    },
    log: { debug: note, info: note, warn: note, error: note },
  });
  const add = (id: number) => queue.add(id, { lookup: 'a-digest', dataKeyVersion: 2 });
  const step = async () => {
    release.shift()?.();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  };
  for (const id of [1, 2, 1, 2]) add(id);
  assert.deepEqual(written, [1]);
  await step();
  assert.deepEqual(written, [1, 2]);
  assert.equal(logged.length, 1);
  assert.doesNotMatch(logged[0] ?? '', /a-digest/);
  add(1);
  await step();
  assert.deepEqual(written, [1, 2, 1]);
  add(3);
  const closed = queue.close();
  await step();
  await closed;
  add(4);
  assert.deepEqual(written, [1, 2, 1], 'what waits at the end is left for the next time');
});
