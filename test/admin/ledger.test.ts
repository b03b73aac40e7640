import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import type { CallRecord } from '../../src/domain/call-record.ts';
import { createPriceBook, withOverrides, type PriceBook } from '../../src/domain/pricing/price-book.ts';
import { packagedPrices } from '../../src/prices/load-prices.ts';
import { createLedgerStore } from '../../src/storage/ledger-store.ts';
import { onEachDatabase } from '../contracts/each-database.ts';
import { callId, NOON_MS, sampleRecord } from '../ledger/sample-calls.ts';
import { CLAUDE, NOVA, openSpent } from './spent.ts';
import { errorOf, MASTER, openTestAdmin, type TestAdmin } from './test-admin.ts';

const HOUR_MS = 3_600_000;
const PROFILE = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl';

/** One dollar for a million tokens in, ten for a million out. */
const OWN = { contextTokens: null, outputTokensMax: null, region: '*', above200k: null, discountPercent: '0' } as const;
const PRICES: PriceBook = withOverrides(createPriceBook(packagedPrices()), [
  { ...OWN, model: NOVA, usd: { inputTokens: '0.000001', outputTokens: '0.00001' } },
]);

const repriced = z.looseObject({
  done_until: z.string(),
  until: z.string(),
  calls: z.number(),
  changed: z.number(),
  difference_usd: z.string(),
});

onEachDatabase((database) => {
  async function openLedger(
    records: readonly CallRecord[],
    options: Partial<Parameters<typeof openTestAdmin>[0]> = {},
  ): Promise<TestAdmin> {
    const admin = await openTestAdmin({ database, prices: PRICES, ...options });
    await createLedgerStore(admin.storage).insertCalls(records);
    return admin;
  }

  const PERIOD = { since: '2026-11-19', until: '2026-11-23' };

  async function reprice(admin: TestAdmin, body: object): Promise<z.infer<typeof repriced>> {
    const answered = await admin.ask('POST /ledger/reprice', { body });
    assert.equal(answered.status, 200, answered.text);
    return repriced.parse(answered.json);
  }

  async function totalOf(admin: TestAdmin): Promise<unknown> {
    return (await admin.ask('GET /usage?since=2026-11-19&until=2026-11-23')).json['total'];
  }

  async function actions(admin: TestAdmin): Promise<unknown> {
    return (await admin.ask('GET /audit?table_name=ledger')).json['audit_logs'];
  }

  describe('POST /ledger/reprice', () => {
    test('tells first and then does what the prices in force change, by model', async () => {
      const { admin } = await openSpent(database, { prices: PRICES });
      const expected = {
        since: '2026-11-19T00:00:00.000Z',
        until: '2026-11-23T00:00:00.000Z',
        done_until: '2026-11-23T00:00:00.000Z',
        price_version: PRICES.version,
        calls: 6,
        changed: 3,
        became_priced: 1,
        became_unpriced: 0,
        kept: 0,
        cost_usd_before: '2.001000078',
        // Nova: 1,000 tokens in and 100 out, twice. Sonnet in its region, for a million: 10 × $3.30, 20 × $16.50,
        // 300 × $0.33, 4,000 × $6.60.
        cost_usd_after: '0.030862077',
        difference_usd: '-1.970138001',
        models: [
          {
            model: NOVA,
            calls: 2,
            cost_usd_before: '0.001',
            cost_usd_after: '0.004',
            difference_usd: '0.003',
          },
          {
            model: CLAUDE,
            calls: 1,
            cost_usd_before: '2.000000001',
            cost_usd_after: '0.026862',
            difference_usd: '-1.973138001',
          },
        ],
      };
      const sorted = (answer: z.infer<typeof repriced>) => ({
        ...answer,
        models: z
          .array(z.looseObject({ model: z.string() }))
          .parse(answer['models'])
          .toSorted((a, b) => (a.model < b.model ? -1 : 1)),
      });
      const before = await totalOf(admin);
      assert.deepEqual(sorted(await reprice(admin, { ...PERIOD, dry_run: true })), { ...expected, dry_run: true });
      assert.deepEqual(await totalOf(admin), before);
      assert.deepEqual(await actions(admin), []);

      assert.deepEqual(sorted(await reprice(admin, PERIOD)), { ...expected, dry_run: false });
      assert.partialDeepStrictEqual(await totalOf(admin), {
        cost_usd: '0.030862077',
        unpriced_requests: 0,
        estimated_usd: '0.000000077',
      });
      assert.partialDeepStrictEqual(await actions(admin), [
        {
          action: 'ledger.repriced',
          changed_by: 'master',
          before_value: { cost_usd: '2.001000078' },
          updated_values: { cost_usd: '0.030862077', changed: 3, price_version: PRICES.version },
        },
        {
          action: 'ledger.reprice',
          before_value: null,
          updated_values: { since: PERIOD.since.concat('T00:00:00.000Z'), price_version: PRICES.version },
        },
      ]);
      assert.partialDeepStrictEqual(await reprice(admin, PERIOD), { changed: 0, difference_usd: '0', models: [] });
    });

    test('goes on where the time was over, and comes to the same', async () => {
      const records = Array.from({ length: 40 }, (_, hoursAgo) => {
        const startedAtMs = NOON_MS - hoursAgo * HOUR_MS;
        return sampleRecord(hoursAgo, { id: callId(hoursAgo, startedAtMs), startedAtMs, modelId: NOVA });
      });
      const whole = await reprice(await openLedger(records), PERIOD);
      let elapsedMs = 0;
      const slow = await openLedger(records, { elapsedMs: () => (elapsedMs += 4000) });
      let calls = 0;
      let parts = 0;
      for (let { since } = PERIOD; ; parts += 1) {
        const part = await reprice(slow, { ...PERIOD, since });
        calls += part.calls;
        if (part.done_until === part.until) break;
        since = part.done_until;
      }
      assert.ok(parts > 1);
      assert.deepEqual([calls, whole.calls], [40, 40]);
      assert.partialDeepStrictEqual(await totalOf(slow), { requests: 40, cost_usd: '0.08' });
    });

    const ofProfile = sampleRecord(1, { modelId: PROFILE, cost: { kind: 'known', nanos: 5n } });
    const RESOLUTIONS = [
      ['priced as its model where AWS says which', [{ kind: 'models', models: [NOVA] }], '0.002', 0],
      ['kept where AWS does not say', [{ kind: 'unresolvable', why: 'test' }], '0.000000005', 1],
      ['kept where nobody can be asked', [], '0.000000005', 1],
    ] as const;
    for (const [what, [resolution], cost, kept] of RESOLUTIONS) {
      test(`a profile of the account is ${what}`, async () => {
        const resolutions = new Map(resolution === undefined ? [] : [[PROFILE, resolution]]);
        const admin = await openLedger([ofProfile], { resolutions });
        assert.partialDeepStrictEqual(await reprice(admin, PERIOD), { kept, cost_usd_after: cost });
        assert.partialDeepStrictEqual(await totalOf(admin), { cost_usd: cost });
      });
    }

    test('a model that has no price any more has no cost any more', async () => {
      const admin = await openLedger([sampleRecord(1, { modelId: 'acme.model-v1:0' })]);
      assert.partialDeepStrictEqual(await reprice(admin, PERIOD), { became_unpriced: 1, cost_usd_after: '0' });
      assert.partialDeepStrictEqual(await totalOf(admin), {
        cost_usd: '0',
        unpriced_requests: 1,
        charged_usd: '0.002',
      });
    });

    const REFUSED = [
      [{}, 'since'],
      [{ since: 'x' }, 'since'],
      [{ since: 7 }, 'since'],
      [{ since: '2020-01-01' }, 'since'],
      [{ since: '2026-11-22', until: '2026-11-22' }, 'until'],
      [{ since: '1d', dry_run: 'yes' }, 'dry_run'],
      [{ since: '1d', model: NOVA }, 'model'],
    ] as const;
    for (const [body, param] of REFUSED) {
      test(`what is not right is refused by the name of the field: ${JSON.stringify(body)}`, async () => {
        const admin = await openLedger([]);
        const answered = await admin.ask('POST /ledger/reprice', { body });
        assert.deepEqual([answered.status, errorOf(answered)['param']], [422, param], answered.text);
        assert.deepEqual(await actions(admin), []);
      });
    }
  });

  test('GET /ledger/status tells what waits, and by what calls are priced', async () => {
    const admin = await openLedger([]);
    const { json } = await admin.ask('GET /ledger/status', { key: MASTER });
    assert.deepEqual(json, {
      spool_bytes: 0,
      spool_bytes_max: 2 ** 30,
      is_full: false,
      is_store_down: false,
      open_calls: 0,
      waiting_calls: 0,
      refusals_not_recorded: 0,
      price_version: PRICES.version,
    });
  });
});
