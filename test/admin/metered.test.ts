import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { bindMetering } from '../../src/admin-parts.ts';
import { MemoryCounters } from '../../src/counters/memory.ts';
import { Seeds } from '../../src/counters/seeds.ts';
import { limitsFromFields } from '../../src/domain/limits/limit-fields.ts';
import type { Clock } from '../../src/ports.ts';
import { countedSince } from '../../src/storage/counted-spend.ts';
import { findCredential } from '../../src/storage/credentials.ts';
import { createLedgerStore } from '../../src/storage/ledger-store.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { onEachDatabase, QUIET } from '../contracts/each-database.ts';
import { bearerDigest } from '../../src/domain/keys/data-key.ts';
import { callId, sampleRecord } from '../ledger/sample-calls.ts';
import { type Answered, openTestAdmin, type TestAdmin, textOf } from './test-admin.ts';

const CENT = 10_000_000n;

/** As the composition root binds them: counters of one process that begin with what the ledger says. */
function openCounters(storage: Storage, clock: Clock): MemoryCounters {
  const seeds = new Seeds({ load: (needs) => countedSince(storage, needs), clock, log: QUIET });
  const options = { countersMax: 1000, reservationTtlMs: 60_000, clock, seeds, onEvent: () => undefined };
  return new MemoryCounters(options);
}

onEachDatabase((database) => {
  let admin: TestAdmin;
  let counters: MemoryCounters;

  before(async () => {
    admin = await openTestAdmin({
      database,
      meter: (storage, clock) => {
        counters = openCounters(storage, clock);
        return bindMetering(storage, {
          used: (limits) => counters.used(limits),
          reset: (limit, used) => counters.reset(limit, used),
        });
      },
    });
  });

  async function must(request: string, body?: unknown): Promise<Answered> {
    const answered = await admin.ask(request, { body });
    assert.equal(answered.status, 200, answered.text);
    return answered;
  }

  let calls = 0;
  async function spendCent(keyId: string): Promise<void> {
    calls += 1;
    const startedAtMs = admin.parts.clock.nowMs();
    const record = sampleRecord(calls, { startedAtMs, id: callId(calls, startedAtMs) });
    const attribution = { ...record.attribution, keyId };
    await createLedgerStore(admin.storage).insertCalls([
      { ...record, attribution, cost: { kind: 'known', nanos: CENT } },
    ]);
  }

  /** What a request with the key is let in by, on a gateway that has just started. */
  async function leftAfterRestart(key: string): Promise<readonly number[]> {
    counters = openCounters(admin.storage, admin.parts.clock);
    const digest = bearerDigest(admin.parts.dataKeys.current, key);
    const owner = await findCredential(admin.storage.read, 'bearer', [digest]);
    assert.ok(owner !== null);
    const limits = limitsFromFields({ kind: 'key', id: owner.key.id }, owner.key.limits ?? {});
    const charges = limits.map((limit) => ({ limit, max: limit.max, amount: 0 }));
    const reservation = await counters.reserve(`call-${calls}`, charges);
    assert.equal(reservation.kind, 'admitted');
    return reservation.kind === 'admitted' ? reservation.remaining : [];
  }

  test('spend, resets and restarts with real counters and a real ledger', async () => {
    await must('POST /budget/new', { budget_id: 'ten-cents', max_budget: 0.1 });
    const made = await must('POST /key/generate', { budget_id: 'ten-cents' });
    const [key, id] = [textOf(made, 'key'), textOf(made, 'token_id')];
    const spend = async () => /"spend":([^,]+)/.exec((await must(`GET /key/info?key=${id}`)).text)?.[1];
    await spendCent(id);
    await spendCent(id);
    assert.deepEqual(await leftAfterRestart(key), [80_000_000]);
    assert.equal(await spend(), '0.02');

    await must(`POST /key/${id}/reset_spend`, { reset_to: 0.01 });
    assert.equal(await spend(), '0.01');
    await spendCent(id);
    assert.deepEqual(await leftAfterRestart(key), [80_000_000]);
    assert.equal(await spend(), '0.02');

    await must('POST /global/spend/reset');
    assert.equal(await spend(), '0');
    assert.deepEqual(await leftAfterRestart(key), [100_000_000]);
    await must('POST /budget/update', { budget_id: 'ten-cents', max_budget: '0.05' });
    assert.deepEqual(await leftAfterRestart(key), [50_000_000]);
  });

  test('of a key without a budget the spend is that of the ledger', async () => {
    const id = textOf(await must('POST /key/generate', {}), 'token_id');
    await spendCent(id);
    assert.match((await must(`GET /key/info?key=${id}`)).text, /"spend":0\.01,/);
  });
});
