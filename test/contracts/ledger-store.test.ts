import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { UsageSums } from '../../src/domain/ledger.ts';
import { createLedgerStore } from '../../src/storage/ledger-store.ts';
import { getCall } from '../../src/storage/ledger-list.ts';
import { usage } from '../../src/storage/ledger-usage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { insertTeam } from '../../src/storage/teams.ts';
import { callId, NOON_MS, sampleRecord, sampleRecords, sampleStart, usageOf } from '../ledger/sample-calls.ts';
import { onDatabase, onEachDatabase } from './each-database.ts';
import { HOLDER, ORIGIN } from './sample-objects.ts';

const DAY_MS = 86_400_000;
const UNTIL_MS = NOON_MS + 400 * DAY_MS;

/** Everything there is, added up; from the totals, which are kept for ever. */
async function everything(storage: Storage): Promise<UsageSums | null> {
  const query = { groupBy: [], bucket: 'none', filter: {}, fromMs: 0, untilMs: UNTIL_MS, order: 'time' } as const;
  const { rows } = await usage(storage, query, { page: 1, size: 1 });
  return rows[0]?.sums ?? null;
}

onEachDatabase((database) => {
  test('a record comes back as it was, with everything that can be in it', async () => {
    const storage = await database.open();
    const record = sampleRecord(1, {
      attribution: {
        keyId: 'key_a',
        keyAlias: 'An "alias", \\ with {all} of it; \'quoted\'',
        teamId: 't',
        userId: 'u',
        customerId: 'Ångström 🪨',
        sessionId: 'null',
        tags: ['', 'a,b', 'NULL', '{"x":1}', '\\"'],
      },
      usage: {
        ...usageOf(['inputTokens', 1], ['cacheWrite1hTokens', 2], ['inputVideoSeconds', 1.5]),
        complete: false,
        serviceTier: 'flex',
        latencyOptimized: true,
      },
      outcome: 'broken',
      refusal: 'upstreamBroken',
      cost: { kind: 'known', nanos: 2n ** 62n },
      reservedNanos: 2n ** 63n - 1n,
      userAgent: 'a\ttab, a \r\n break and \u0001',
    });
    const bare = sampleRecord(2, {
      attribution: {
        keyId: null,
        keyAlias: null,
        teamId: null,
        userId: null,
        customerId: null,
        sessionId: null,
        tags: [],
      },
      firstByteMs: null,
      service: null,
      operation: null,
      operationKind: null,
      modelId: null,
      region: null,
      status: null,
      awsRequestId: null,
      clientAddress: null,
      userAgent: null,
      usage: usageOf(),
      cost: { kind: 'unknown', missing: 'a price' },
      priceVersion: null,
    });
    await createLedgerStore(storage).insertCalls([record, bare]);
    assert.deepEqual(await getCall(storage, record.id), { ...record, estimated: false });
    assert.deepEqual(await getCall(storage, bare.id), { ...bare, estimated: false });
    assert.equal(await getCall(storage, callId(3)), null);
  });

  test('the same records any number of times, alone or among others, move the totals once', async () => {
    const storage = await database.open();
    const store = createLedgerStore(storage);
    const records = sampleRecords(20);
    assert.equal(await store.insertCalls(records), 20);
    const once = await everything(storage);
    assert.equal(once?.requests, 20);
    assert.equal(once?.costNanos, 20_000_190n);
    assert.equal(await store.insertCalls(records), 0);
    assert.equal(await store.insertCalls([...records, ...records]), 0);
    assert.deepEqual(await everything(storage), once);
    assert.equal(await store.insertCalls([...sampleRecords(5, 18), sampleRecord(22)]), 3);
    assert.equal((await everything(storage))?.requests, 23);
  });

  test('totals count what a call was, and what is unknown is in no sum', async () => {
    const storage = await database.open();
    const refused = { outcome: 'refused', refusal: 'budgetExceeded', status: 400 } as const;
    await createLedgerStore(storage).insertCalls([
      sampleRecord(1, {
        usage: usageOf(
          ['inputTokens', 7],
          ['outputTokens', 5],
          ['cacheReadTokens', 3],
          ['cacheWrite5mTokens', 2],
          ['cacheWrite1hTokens', 1],
          ['inputSpeechTokens', 100],
        ),
        cost: { kind: 'known', nanos: 1n },
        durationMs: 10.4,
      }),
      sampleRecord(2, {
        ...refused,
        refusal: 'overloaded',
        usage: usageOf(),
        cost: { kind: 'known', nanos: 0n },
        durationMs: 1,
      }),
      sampleRecord(3, { status: 500, usage: usageOf(), cost: { kind: 'known', nanos: 0n }, durationMs: 0 }),
      sampleRecord(4, {
        outcome: 'abandoned',
        usage: usageOf(),
        cost: { kind: 'unknown', missing: 'x' },
        reservedNanos: 50n,
        durationMs: 0,
      }),
      sampleRecord(5, {
        outcome: 'unknown',
        status: null,
        usage: usageOf(),
        cost: { kind: 'known', nanos: 900n },
        durationMs: 0,
      }),
    ]);
    assert.deepEqual(await everything(storage), {
      requests: 5,
      failedRequests: 4,
      refusedRequests: 1,
      unpricedRequests: 1,
      inputTokens: 107,
      outputTokens: 5,
      cacheReadTokens: 3,
      cacheWriteTokens: 3,
      costNanos: 901n,
      estimatedNanos: 900n,
      chargedNanos: 951n,
      durationMs: 11,
    } satisfies UsageSums);
  });

  test('amounts beyond 2^53 are added exactly', async () => {
    const storage = await database.open();
    const nanos = 2n ** 60n + 1n;
    await createLedgerStore(storage).insertCalls(
      [1, 2, 3].map((index) => sampleRecord(index, { cost: { kind: 'known', nanos } })),
    );
    assert.equal((await everything(storage))?.costNanos, 3n * nanos);
  });

  test('a record that can not be stored takes none of its batch with it, and is told from a store that is down', async () => {
    const storage = await database.open();
    const store = createLedgerStore(storage);
    const start = sampleStart(9);
    const bad = sampleRecord(9, { attribution: { ...start.attribution, customerId: 'a\0b' } });
    await assert.rejects(store.insertCalls([...sampleRecords(3), bad]), (error: unknown) => store.isUnstorable(error));
    assert.equal(await everything(storage), null);
    assert.equal(await store.insertCalls(sampleRecords(3)), 3);
    await storage.close();
    await assert.rejects(store.insertCalls(sampleRecords(3)), (error: unknown) => !store.isUnstorable(error));
  });

  test('two instances that store the same and other calls at once lose and double none', async () => {
    const place = await database.newPlace();
    const stores = [await database.open(place), await database.open(place)];
    const batches = Array.from({ length: 20 }, (_, index) => sampleRecords(30, index * 20));
    await Promise.all(
      stores.flatMap((storage) => batches.map((batch) => createLedgerStore(storage).insertCalls(batch))),
    );
    const sums = await everything(await database.open(place));
    assert.equal(sums?.requests, 410);
    assert.equal(sums?.costNanos, 410n * 1_000_000n + BigInt((409 * 410) / 2));
  });

  test('batches and changes of keys do not get in each other’s way', async () => {
    const storage = await database.open();
    const store = createLedgerStore(storage);
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        await Promise.all([
          store.insertCalls(sampleRecords(10, index * 10)),
          storage.change(ORIGIN, (change) => insertTeam(change, `t${index}`, { ...HOLDER, alias: null })),
        ]);
      }),
    );
    assert.equal((await everything(storage))?.requests, 200);
  });

  test('calls of days that are over are deleted, the totals stay, and a call that comes late is still stored', async () => {
    const storage = await database.open();
    const store = createLedgerStore(storage);
    const daysAgo = (index: number, days: number) => {
      const startedAtMs = NOON_MS - days * DAY_MS;
      return sampleRecord(index, { startedAtMs, id: callId(index, startedAtMs) });
    };
    const old = Array.from({ length: 450 }, (_, index) => daysAgo(index, 40));
    const kept = [30, 29, 0].map((days) => daysAgo(1000 + days, days));
    await store.maintain(NOON_MS, 30);
    await store.insertCalls(old);
    await store.insertCalls(kept);
    await store.maintain(NOON_MS, 30);
    assert.equal(await getCall(storage, callId(0, NOON_MS - 40 * DAY_MS)), null);
    for (const { id } of kept) assert.notEqual(await getCall(storage, id), null);
    assert.equal((await everything(storage))?.requests, 453);

    const late = daysAgo(2000, 39);
    assert.equal(await store.insertCalls([late]), 1);
    assert.equal((await everything(storage))?.requests, 454);
  });
});

onDatabase('PostgreSQL', (database) => {
  test('a day is a table of its own, made ahead and dropped when it is over', async () => {
    const place = await database.newPlace();
    const storage = await database.open(place);
    const store = createLedgerStore(storage);
    const tables = async () => {
      const rows = await database
        .server()
        .query(
          place.databaseUrl ?? '',
          "select relname from pg_class where relname ~ '^call_[0-9]{4}' and relkind = 'r' order by 1",
        );
      return rows.map(({ relname }) => relname);
    };
    await store.maintain(NOON_MS, 30);
    const ahead = ['call_2026_11_22', 'call_2026_11_23', 'call_2026_11_24', 'call_2026_11_25'];
    assert.deepEqual(await tables(), ahead);
    await store.insertCalls([sampleRecord(1, { startedAtMs: Date.UTC(2026, 1, 28, 23, 59, 59, 999) })]);
    assert.deepEqual(await tables(), ['call_2026_02_28', ...ahead]);
    await store.maintain(NOON_MS, 30);
    assert.deepEqual(await tables(), ahead);
  });

  test('a day that another instance has dropped is made again', async () => {
    const place = await database.newPlace();
    const [one, other] = [await database.open(place), await database.open(place)];
    await createLedgerStore(one).insertCalls([sampleRecord(1)]);
    await createLedgerStore(other).maintain(NOON_MS + 60 * DAY_MS, 30);
    const again = createLedgerStore(one);
    await assert.rejects(again.insertCalls([sampleRecord(2)]), (error: unknown) => !again.isUnstorable(error));
    assert.equal(await again.insertCalls([sampleRecord(2)]), 1);
  });
});

describe('the hash of a group', () => {
  test('tells groups apart whose names run into each other', async () => {
    const { groupHash } = await import('../../src/storage/ledger-totals.ts');
    const hashes = [
      groupHash({ day: 1, names: ['a', 'b'], tag: null, otherModels: '' }),
      groupHash({ day: 1, names: ['ab', ''], tag: null, otherModels: '' }),
      groupHash({ day: 1, names: ['a', 'b'], tag: '', otherModels: '' }),
      groupHash({ day: 1, names: ['a,b', ''], tag: null, otherModels: '' }),
      groupHash({ day: 1, names: ['a,b', ''], tag: null, otherModels: '["c"]' }),
    ];
    assert.equal(new Set(hashes).size, hashes.length);
  });
});
