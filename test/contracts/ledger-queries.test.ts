import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { CallRecord } from '../../src/domain/call-record.ts';
import {
  type CallFilter,
  type CallPosition,
  type StoredCall,
  USAGE_DIMENSIONS,
  type UsageQuery,
} from '../../src/domain/ledger.ts';
import { makeLimit } from '../../src/domain/limits/limit.ts';
import { countCalls, listCalls } from '../../src/storage/ledger-list.ts';
import { repriceCalls } from '../../src/storage/ledger-reprice.ts';
import { usedSince } from '../../src/storage/ledger-spent.ts';
import { createLedgerStore } from '../../src/storage/ledger-store.ts';
import { usage } from '../../src/storage/ledger-usage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { callId, NOON_MS, sampleRecord, usageOf } from '../ledger/sample-calls.ts';
import { onEachDatabase } from './each-database.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PAGE = { page: 1, size: 1000 };

/** One call in each hour before noon for two days, of two keys, three models and changing tags. */
const CALLS: readonly CallRecord[] = Array.from({ length: 48 }, (_, hoursAgo) => {
  const startedAtMs = NOON_MS - hoursAgo * HOUR_MS;
  const record = sampleRecord(hoursAgo, { startedAtMs, id: callId(hoursAgo, startedAtMs) });
  const refused = {
    outcome: 'refused',
    usage: usageOf(),
    cost: { kind: 'known', nanos: 0n },
    reservedNanos: 0n,
  } as const;
  return {
    ...record,
    modelId: ['amazon.nova-lite-v1:0', 'us.amazon.nova-lite-v1:0', null][hoursAgo % 3] ?? null,
    cost: hoursAgo % 7 === 0 ? { kind: 'unknown', missing: 'x' } : record.cost,
    ...(hoursAgo % 11 === 0 ? refused : {}),
    attribution: {
      ...record.attribution,
      keyId: hoursAgo % 2 === 0 ? 'key_a' : 'key_b',
      teamId: hoursAgo % 5 === 0 ? null : 'team_a',
      customerId: `customer_${hoursAgo % 4}`,
      tags: [[], ['dev'], ['dev', 'prod'], ['prod']][hoursAgo % 4] ?? [],
    },
  };
});

async function filled(storage: Storage, records: readonly CallRecord[] = CALLS): Promise<Storage> {
  await createLedgerStore(storage).insertCalls(records);
  return storage;
}

function query(facts: Partial<UsageQuery>): UsageQuery {
  const range = { fromMs: NOON_MS - 10 * DAY_MS, untilMs: NOON_MS + 1 };
  return { groupBy: [], bucket: 'none', filter: {}, order: 'time', ...range, ...facts };
}

function nanosOf(records: readonly CallRecord[]): bigint {
  return records.reduce((sum, { cost }) => sum + (cost.kind === 'known' ? cost.nanos : 0n), 0n);
}

onEachDatabase((database) => {
  test('usage by any dimension adds up to the whole', async () => {
    const storage = await filled(await database.open());
    for (const dimension of USAGE_DIMENSIONS.filter((name) => name !== 'tag')) {
      const { rows, total } = await usage(storage, query({ groupBy: [dimension] }), PAGE);
      assert.equal(total, rows.length, dimension);
      assert.equal(
        rows.reduce((sum, row) => sum + row.sums.requests, 0),
        48,
        dimension,
      );
      assert.equal(
        rows.reduce((sum, row) => sum + row.sums.costNanos, 0n),
        nanosOf(CALLS),
        dimension,
      );
    }
  });

  test('hours, days and months agree with each other, whatever they are grouped by', async () => {
    const storage = await filled(await database.open());
    for (const groupBy of [[], ['key'], ['tag', 'model'], ['customer', 'team']] as const) {
      const answers = await Promise.all(
        (['hour', 'day', 'month', 'none'] as const).map(async (bucket) => {
          const fromMs = NOON_MS - 3 * DAY_MS;
          const { rows } = await usage(storage, query({ groupBy: [...groupBy], bucket, fromMs }), PAGE);
          const groups = new Map<string, { requests: number; nanos: bigint; charged: bigint; failed: number }>();
          for (const { group, sums } of rows) {
            const sum = groups.get(group.join()) ?? { requests: 0, nanos: 0n, charged: 0n, failed: 0 };
            sum.requests += sums.requests;
            sum.nanos += sums.costNanos;
            sum.charged += sums.chargedNanos;
            sum.failed += sums.failedRequests;
            groups.set(group.join(), sum);
          }
          return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
        }),
      );
      for (const answer of answers) assert.deepEqual(answer, answers[0]);
      assert.ok((answers[0]?.size ?? 0) > 0);
    }
  });

  test('buckets are told by their beginning, in order', async () => {
    const storage = await filled(await database.open());
    const startsOf = async (facts: Partial<UsageQuery>) =>
      (await usage(storage, query(facts), PAGE)).rows.map(({ bucketStartMs }) => bucketStartMs);
    const midnightMs = NOON_MS - 12 * HOUR_MS;
    assert.deepEqual(await startsOf({ bucket: 'day' }), [midnightMs - 2 * DAY_MS, midnightMs - DAY_MS, midnightMs]);
    assert.deepEqual(await startsOf({ bucket: 'month' }), [Date.UTC(2026, 10, 1)]);
    assert.deepEqual(await startsOf({ bucket: 'none' }), [null]);
    assert.deepEqual(await startsOf({ bucket: 'hour', fromMs: NOON_MS - HOUR_MS + 1 }), [NOON_MS]);
    assert.deepEqual(await startsOf({ bucket: 'day', fromMs: midnightMs, untilMs: midnightMs + 1 }), [midnightMs]);
    assert.deepEqual(await startsOf({ bucket: 'day', fromMs: midnightMs + DAY_MS, untilMs: NOON_MS + 9 * DAY_MS }), []);
  });

  test('filters take any of their values, "" for none, and hostile ones for themselves', async () => {
    const storage = await filled(await database.open());
    const requests = async (filter: UsageQuery['filter'], bucket: UsageQuery['bucket'] = 'none') => {
      const { rows } = await usage(storage, query({ filter, bucket, fromMs: NOON_MS - 3 * DAY_MS }), PAGE);
      return rows.reduce((sum, row) => sum + row.sums.requests, 0);
    };
    for (const bucket of ['none', 'hour'] as const) {
      assert.equal(await requests({ key: ['key_a'] }, bucket), 24);
      assert.equal(await requests({ key: ['key_a', 'key_b', 'key_c'] }, bucket), 48);
      assert.equal(await requests({ team: [''] }, bucket), 10);
      assert.equal(await requests({ model: [''], key: ['key_b'] }, bucket), 8);
      assert.equal(await requests({ tag: ['prod'] }, bucket), 24);
      assert.equal(await requests({ key: [] }, bucket), 0);
      for (const hostile of ["' or 1=1 --", '%', '"', '\\', '$1', '?', ';drop table call'])
        for (const dimension of USAGE_DIMENSIONS)
          assert.equal(await requests({ [dimension]: [hostile] }, bucket), 0, hostile);
    }
  });

  test('the dearest come first when that is asked for, and pages follow each other', async () => {
    const storage = await filled(await database.open());
    const dearest = query({ groupBy: ['customer', 'key'], bucket: 'day', order: 'cost' });
    const whole = await usage(storage, dearest, PAGE);
    const nanos = whole.rows.map(({ sums }) => sums.costNanos);
    assert.deepEqual(
      nanos,
      nanos.toSorted((a, b) => (a < b ? 1 : a > b ? -1 : 0)),
    );
    const pages = await Promise.all([1, 2, 3].map((page) => usage(storage, dearest, { page, size: 5 })));
    assert.deepEqual(
      pages.flatMap(({ rows }) => rows),
      whole.rows.slice(0, 15),
    );
    assert.ok(pages.every(({ total }) => total === whole.total));
  });

  test('what is beyond a bound is refused', async () => {
    const storage = await database.open();
    const invalid = { name: 'StorageError', kind: 'invalid' };
    const tooMany = Array.from({ length: 1001 }, String);
    await assert.rejects(usage(storage, query({}), { page: 1, size: 1001 }), invalid);
    await assert.rejects(usage(storage, query({}), { page: 0, size: 1 }), invalid);
    await assert.rejects(usage(storage, query({ filter: { key: tooMany } }), PAGE), invalid);
    await assert.rejects(usage(storage, query({ groupBy: ['key', 'key'] }), PAGE), invalid);
    await assert.rejects(usage(storage, query({ fromMs: NaN }), PAGE), invalid);
    await assert.rejects(usage(storage, query({ bucket: 'hour' }), PAGE), invalid);
    const everything: CallFilter = { fromMs: 0, untilMs: NOON_MS };
    await assert.rejects(listCalls(storage, everything, { size: 101, after: null, skip: 0 }), invalid);
    await assert.rejects(listCalls(storage, everything, { size: 1, after: null, skip: 10_001 }), invalid);
    await assert.rejects(countCalls(storage, { ...everything, tags: tooMany }), invalid);
  });

  test('calls are listed the newest first, page by page, each once', async () => {
    const storage = await filled(await database.open(), [
      ...CALLS,
      // Several at the same millisecond.
      ...[60, 61, 62].map((index) => sampleRecord(index, { startedAtMs: NOON_MS - DAY_MS, id: callId(index) })),
    ]);
    const filter: CallFilter = { fromMs: NOON_MS - 3 * DAY_MS, untilMs: NOON_MS + 1 };
    const listed: StoredCall[] = [];
    let after: CallPosition | null = null;
    do {
      const page = await listCalls(storage, filter, { size: 7, after, skip: 0 });
      listed.push(...page.rows);
      after = page.next;
    } while (after !== null);
    assert.equal(listed.length, 51);
    assert.equal(new Set(listed.map(({ id }) => id)).size, 51);
    const times = listed.map(({ startedAtMs }) => startedAtMs);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => b - a),
    );
    const skipped = await listCalls(storage, filter, { size: 5, after: null, skip: 10 });
    assert.deepEqual(skipped.rows, listed.slice(10, 15));
    assert.equal(await countCalls(storage, filter), 51);
  });

  test('lists of calls take every filter', async () => {
    const storage = await filled(await database.open());
    const count = (facts: Partial<CallFilter>) =>
      countCalls(storage, { fromMs: NOON_MS - 3 * DAY_MS, untilMs: NOON_MS + 1, ...facts });
    assert.equal(await count({ fromMs: NOON_MS - HOUR_MS }), 2);
    assert.equal(await count({ untilMs: NOON_MS }), 47);
    assert.equal(await count({ keyIds: ['key_a'] }), 24);
    assert.equal(await count({ teamIds: ['team_a'] }), 38);
    assert.equal(await count({ userIds: ['user_a', 'user_b'] }), 48);
    assert.equal(await count({ customerIds: ['customer_1'] }), 12);
    assert.equal(await count({ sessionIds: ['s'] }), 0);
    assert.equal(await count({ tags: ['dev', 'prod'] }), 36);
    assert.equal(await count({ modelIds: ['amazon.nova-lite-v1:0'] }), 16);
    assert.equal(await count({ operations: ['Converse'] }), 48);
    assert.equal(await count({ outcomes: ['refused'] }), 5);
    assert.equal(await count({ statusMin: 201 }), 0);
    assert.equal(await count({ keyIds: ['key_a'], tags: ['prod'], outcomes: ['completed'] }), 11);
  });

  test('limits begin with what was used since any moment, exactly', async () => {
    const storage = await filled(await database.open());
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          sinceMs: fc.integer({ min: NOON_MS - 3 * DAY_MS, max: NOON_MS + 1000 }),
          kind: fc.constantFrom('requests', 'inputTokens', 'outputTokens', 'totalTokens', 'spend', 'concurrency'),
          scope: fc.constantFrom(
            { kind: 'all', id: '' } as const,
            { kind: 'key', id: 'key_a' } as const,
            { kind: 'team', id: 'team_a' } as const,
            { kind: 'customer', id: 'customer_2' } as const,
            { kind: 'tag', id: 'prod' } as const,
            { kind: 'user', id: 'nobody' } as const,
          ),
          model: fc.constantFrom(null, 'amazon.*', 'us.*', 'cohere.*'),
          tag: fc.constantFrom(null, 'dev'),
        }),
        async ({ sinceMs, kind, scope, model, tag }) => {
          fc.pre(scope.kind !== 'tag' || tag === null);
          const window = { kind: 'forever' } as const;
          const limit = makeLimit({ kind, max: 1, window, scope, model, tag });
          const counted = CALLS.filter(({ startedAtMs, outcome, attribution, modelId }) => {
            const { keyId, teamId, userId, customerId, tags } = attribution;
            const ids = { all: '', key: keyId, team: teamId, user: userId, customer: customerId, tag: '' };
            const isOf = scope.kind === 'tag' ? tags.includes(scope.id) : ids[scope.kind] === scope.id;
            const isModel =
              model === null ||
              (modelId !== null && (model === 'us.*' ? modelId.startsWith('us.') : model === 'amazon.*'));
            const isTagged = tag === null || tags.includes(tag);
            return startedAtMs >= sinceMs && outcome !== 'refused' && isOf && isModel && isTagged;
          });
          const expected = {
            requests: counted.length,
            inputTokens: counted.length * 1000,
            outputTokens: counted.length * 100,
            totalTokens: counted.length * 1100,
            spend: Number(
              counted.reduce(
                (sum, { cost, reservedNanos }) => sum + (cost.kind === 'known' ? cost.nanos : reservedNanos),
                0n,
              ),
            ),
            concurrency: 0,
          };
          assert.deepEqual(await usedSince(storage, [{ limit, sinceMs }]), [expected[kind]]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('calls count for the models behind the one they name, and for others they name', async () => {
    const storage = await database.open();
    const profile = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc';
    const calls = [
      { modelId: profile, otherModels: ['us.amazon.nova-lite-v1:0'] },
      // The same profile, changed in between.
      { modelId: profile, otherModels: ['anthropic.claude-3-haiku-20240307-v1:0', 'cohere.rerank-v3-5:0'] },
      { modelId: null, otherModels: ['cohere.rerank-v3-5:0'] },
      { modelId: 'amazon.nova-pro-v1:0', otherModels: [] },
      { modelId: null, otherModels: [] },
    ];
    const tags = ['nightly'];
    const records = calls.map((facts, index) => {
      const record = sampleRecord(index, facts);
      return { ...record, attribution: { ...record.attribution, tags } };
    });
    await createLedgerStore(storage).insertCalls(records);
    const needs = (sinceMs: number, tag: string | null) =>
      ['amazon.nova-*', 'anthropic.*', 'cohere.rerank-*', profile, '*'].map((model) => ({
        limit: makeLimit({
          kind: 'requests',
          max: 1,
          window: { kind: 'forever' },
          scope: { kind: 'all', id: '' },
          model,
          tag,
        }),
        sinceMs,
      }));
    // By totals, and by single records.
    for (const sinceMs of [0, NOON_MS - HOUR_MS]) {
      for (const tag of [null, 'nightly'])
        assert.deepEqual(await usedSince(storage, needs(sinceMs, tag)), [2, 1, 2, 2, 4]);
    }
  });

  test('many limits are told at once, in their order, and of a day without single records the whole', async () => {
    const storage = await filled(await database.open());
    const limit = (id: string) =>
      makeLimit({ kind: 'requests', max: 1, window: { kind: 'forever' }, scope: { kind: 'key', id } });
    const needs = ['key_b', 'nobody', 'key_a'].map((id) => ({ limit: limit(id), sinceMs: NOON_MS - 12 * HOUR_MS }));
    assert.deepEqual(await usedSince(storage, needs), [5, 0, 6]);
    const sinceMs = NOON_MS - 47 * HOUR_MS;
    const cut = [{ limit: limit('key_b'), sinceMs: sinceMs + 1 }];
    assert.deepEqual(await usedSince(storage, [{ limit: limit('key_b'), sinceMs }]), [22]);
    assert.deepEqual(await usedSince(storage, cut), [21]);
    await createLedgerStore(storage).maintain(NOON_MS, 0);
    assert.deepEqual(await usedSince(storage, cut), [22]);
  });

  test('a period priced anew corrects its records and exactly its totals', async () => {
    const storage = await filled(await database.open());
    const period = { fromMs: NOON_MS - 20 * HOUR_MS, untilMs: NOON_MS - 5 * HOUR_MS };
    const price = ({ attribution, startedAtMs }: StoredCall) => ({
      cost:
        attribution.keyId === 'key_b'
          ? ({ kind: 'unknown', missing: 'y' } as const)
          : ({ kind: 'known', nanos: BigInt(startedAtMs) } as const),
      priceVersion: 'v2',
    });
    const expected = CALLS.map((call) => {
      const isIn = call.startedAtMs >= period.fromMs && call.startedAtMs < period.untilMs;
      return isIn ? { ...call, ...price({ ...call, estimated: false }) } : call;
    });
    const trial = await repriceCalls(storage, { ...period, price, isTrial: true });
    const all: CallFilter = { fromMs: NOON_MS - 3 * DAY_MS, untilMs: NOON_MS + 1 };
    const listed = async () => (await listCalls(storage, all, { size: 100, after: null, skip: 0 })).rows;
    const stored = (calls: readonly CallRecord[]) => calls.map((call) => ({ ...call, estimated: false }));
    assert.deepEqual(await listed(), stored(CALLS));

    const repriced = await repriceCalls(storage, { ...period, price, isTrial: false });
    assert.deepEqual(repriced, trial);
    assert.equal(repriced.calls, 15);
    assert.equal(repriced.nanosAfter - repriced.nanosBefore, nanosOf(expected) - nanosOf(CALLS));
    assert.deepEqual(await listed(), stored(expected));

    const other = await filled(await database.open(), expected);
    for (const groupBy of [['key', 'model', 'customer', 'team'], ['tag']] as const) {
      const [here, there] = await Promise.all(
        [storage, other].map((store) => usage(store, query({ groupBy, bucket: 'day' }), PAGE)),
      );
      assert.deepEqual(here, there);
    }
    assert.equal((await repriceCalls(storage, { ...period, price, isTrial: false })).changed, 0);
  });

  test('a cost that was only reserved is not priced anew', async () => {
    const lost = sampleRecord(1, { outcome: 'unknown', status: null, cost: { kind: 'known', nanos: 77n } });
    const storage = await filled(await database.open(), [lost]);
    const price = () => ({ cost: { kind: 'known', nanos: 1n } as const, priceVersion: 'v2' });
    const repriced = await repriceCalls(storage, { fromMs: 0, untilMs: NOON_MS + DAY_MS, price, isTrial: false });
    assert.deepEqual(repriced, {
      calls: 1,
      changed: 0,
      becamePriced: 0,
      becameUnpriced: 0,
      nanosBefore: 77n,
      nanosAfter: 77n,
    });
  });
});
