import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { bearerDigest, type DataKey } from '../../../src/domain/keys/data-key.ts';
import { type Keyring, KeyringError, openKeyring } from '../../../src/keys/keyring.ts';
import { unwrap, wrap } from '../../../src/keys/wrapping.ts';
import { MemoryDataKeys } from './memory-data-keys.ts';

const SECRET = 'correct horse battery staple';
const NEW_SECRET = 'incorrect zebra accumulator paperclip';
const DAY_MS = 86_400_000;

let nowMs = Date.UTC(2026, 10, 1);

function open(store: MemoryDataKeys, secret = SECRET, previousSecret: string | null = null): Promise<Keyring> {
  return openKeyring({ store, secret, previousSecret, random: randomBytes, nowMs: () => nowMs });
}

/** Data keys show nothing of themselves, so they are compared by what they make. */
function mark(key: DataKey | undefined): string {
  assert.ok(key !== undefined);
  return `${key.version} ${bearerDigest(key, 'sk-any')}`;
}

test('a data key is made once and opened by every later start', async () => {
  const store = new MemoryDataKeys();
  const first = await open(store);
  const second = await open(store);
  assert.equal(first.current.version, 1);
  assert.equal(mark(second.current), mark(first.current));
  assert.equal(mark(second.byVersion(1)), mark(first.current));
  assert.equal(second.byVersion(2), undefined);
  assert.equal(store.rows.get(1)?.copies.length, 1);
});

test('four instances that start at once on an empty store have the same data key', async () => {
  const store = new MemoryDataKeys();
  const keyrings = await Promise.all(Array.from({ length: 4 }, () => open(store)));
  assert.equal(new Set(keyrings.map(({ current }) => mark(current))).size, 1);
  assert.equal(store.rows.size, 1);
  assert.equal(store.rows.get(1)?.copies.length, 1);
});

test('a start with a wrong secret is refused with what to do, and changes nothing', async () => {
  const store = new MemoryDataKeys();
  await open(store);
  for (const previous of [null, 'also wrong, yet long enough']) {
    await assert.rejects(open(store, NEW_SECRET, previous), (error: Error) => {
      assert.ok(error instanceof KeyringError);
      assert.match(error.message, /OUTCROP_SECRET_KEY_PREVIOUS/);
      assert.ok(!error.message.includes(NEW_SECRET) && !error.message.includes(String(previous)));
      return true;
    });
  }
  assert.equal(store.rows.get(1)?.copies.length, 1);
});

test('a changed secret opens what the previous one sealed, and from then on both do alone', async () => {
  const store = new MemoryDataKeys();
  const before = await open(store);
  const during = await open(store, NEW_SECRET, SECRET);
  assert.equal(mark(during.current), mark(before.current));
  assert.equal(store.rows.get(1)?.copies.length, 2);

  assert.equal(mark((await open(store, NEW_SECRET)).current), mark(before.current));
  assert.equal(mark((await open(store, SECRET)).current), mark(before.current));
  await open(store, NEW_SECRET, SECRET);
  assert.equal(store.rows.get(1)?.copies.length, 2);
});

test('a rolled data key counts at once, the old one until its deadline, on other instances when they look again', async () => {
  const store = new MemoryDataKeys();
  const [here, there] = await Promise.all([open(store), open(store)]);
  const old = mark(here.current);
  const deadlineMs = nowMs + DAY_MS;
  const rolled = await here.roll(deadlineMs);

  assert.equal(rolled.version, 2);
  assert.equal(mark(here.current), mark(rolled));
  assert.deepEqual(here.live().map(mark), [mark(rolled), old]);
  assert.equal(mark(there.current), old);
  await there.refresh();
  assert.deepEqual(there.live().map(mark), [mark(rolled), old]);

  nowMs = deadlineMs - 1;
  assert.equal(mark(there.byVersion(1)), old);
  nowMs = deadlineMs;
  assert.equal(there.byVersion(1), undefined);
  assert.deepEqual((await open(store)).live().map(mark), [mark(rolled)]);
});

test('two instances that roll at once make one version', async () => {
  const store = new MemoryDataKeys();
  const [here, there] = await Promise.all([open(store), open(store)]);
  const rolled = await Promise.all([here.roll(nowMs + DAY_MS), there.roll(nowMs + DAY_MS)]);
  assert.equal(new Set(rolled.map(mark)).size, 1);
  assert.deepEqual([...store.rows.keys()], [1, 2]);
});

test('an instance that has not heard of a roll makes a version of its own after it', async () => {
  const store = new MemoryDataKeys();
  const [here, there] = await Promise.all([open(store), open(store)]);
  await here.roll(nowMs + DAY_MS);
  assert.equal((await there.roll(nowMs)).version, 3);
  assert.deepEqual(
    there.live().map(({ version }) => version),
    [3],
  );
});

test('a version that no longer counts needs no secret that opens it', async () => {
  const store = new MemoryDataKeys();
  await (await open(store)).roll(nowMs);
  const row = store.rows.get(1);
  row?.copies.splice(0, 1, { salt: '', nonce: '', sealed: '' });
  assert.deepEqual(
    (await open(store)).live().map(({ version }) => version),
    [2],
  );
});

test('a store whose only data key is damaged or gone is refused, never silently given a new one', async () => {
  const store = new MemoryDataKeys();
  await open(store);
  store.rows.get(1)?.copies.splice(0, 1);
  await assert.rejects(open(store), KeyringError);
  store.rows.set(1, { retiredAtMs: nowMs, copies: [] });
  await assert.rejects(open(store), /no data key that still counts/);
  assert.equal(store.rows.size, 1);
});

test('a store that fails makes the start fail, and a later look recovers', async () => {
  const store = new MemoryDataKeys();
  const keyring = await open(store);
  const list = store.listDataKeys.bind(store);
  store.listDataKeys = () => Promise.reject(new Error('connection lost'));
  await assert.rejects(open(store), /connection lost/);
  await assert.rejects(keyring.refresh(), /connection lost/);
  assert.equal(keyring.live().length, 1);
  store.listDataKeys = list;
  await keyring.refresh();
  assert.equal(keyring.live().length, 1);
});

test('a wrapped key opens with its secret as its version only, and with no bit of it changed', async () => {
  const bytes = randomBytes(32);
  const copy = await wrap(bytes, 7, SECRET, randomBytes);
  assert.deepEqual(await unwrap(copy, 7, SECRET), bytes);
  assert.equal(await unwrap(copy, 8, SECRET), null);
  assert.equal(await unwrap(copy, 7, `${SECRET} `), null);
  assert.equal(await unwrap({ ...copy, sealed: '' }, 7, SECRET), null);
  assert.equal(await unwrap({ ...copy, nonce: copy.nonce.slice(4) }, 7, SECRET), null);
  for (const part of ['salt', 'nonce', 'sealed'] as const) {
    const changed = Buffer.from(copy[part], 'base64');
    changed[0] = (changed[0] ?? 0) ^ 1;
    assert.equal(await unwrap({ ...copy, [part]: changed.toString('base64') }, 7, SECRET), null, part);
  }
  const sealed = Buffer.from(copy.sealed, 'base64');
  assert.equal(sealed.length, 48);
  assert.ok(!sealed.includes(bytes));
});

test('deriving leaves the event loop free', async () => {
  let turns = 0;
  const counting = setInterval(() => (turns += 1), 1);
  await wrap(randomBytes(32), 1, SECRET, randomBytes);
  clearInterval(counting);
  assert.ok(turns >= 3, `${turns} turns`);
});
