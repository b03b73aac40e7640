import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { Refusal } from '../../src/domain/errors.ts';
import { until } from '../support/until.ts';
import { FakeStore } from './fake-store.ts';
import { sampleRecord, sampleStart } from './sample-calls.ts';
import { openTestLedger } from './test-ledger.ts';

const POWER = { durability: 'power' } as const;
/** Each with another choice of what the disk had not finished; of a night 10,000. */
const HISTORIES = Number(process.env['OUTCROP_LEDGER_HISTORIES'] ?? 200);

describe('with durability "power"', () => {
  test('a start is told of when the disk itself has it, many in one go', async () => {
    const { ledger, disk } = await openTestLedger({ bounds: POWER });
    let open: () => void = () => undefined;
    disk.syncGate = new Promise((resolve) => {
      open = resolve;
    });
    let told = 0;
    const starts = Array.from({ length: 100 }, async (_, index) => {
      await ledger.start(sampleStart(index));
      told += 1;
    });
    await new Promise(setImmediate);
    assert.equal(told, 0);
    open();
    await Promise.all(starts);
    assert.ok(disk.syncs <= 20, `${disk.syncs} syncs`);
  });

  test('without power, whatever the disk had not finished: every call that was forwarded is charged', async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat()), fc.integer({ min: 1, max: 60 }), async (luck, count) => {
        const store = new FakeStore();
        store.isDown = true;
        const dark = await openTestLedger({ store, bounds: POWER });
        const forwarded: string[] = [];
        for (let index = 0; index < count; index += 1) {
          await dark.ledger.start(sampleStart(index));
          forwarded.push(sampleStart(index).id);
          if (index % 3 === 0) dark.ledger.end(sampleRecord(index));
        }
        // Begun, and nothing forwarded yet.
        void Promise.resolve(dark.ledger.start(sampleStart(5000))).catch(() => undefined);
        dark.kill();
        dark.disk.losePower((unsafeBytes) => (luck.next().value ?? 0) % (unsafeBytes + 1));

        store.isDown = false;
        const light = await openTestLedger({ store, disk: dark.disk });
        await light.ledger.replayed;
        for (const id of forwarded) assert.ok(store.stored.has(id), id);
        const { outcome, cost } = store.stored.get(sampleRecord(0).id) ?? {};
        assert.ok(outcome === 'completed' || (outcome === 'unknown' && cost?.kind === 'known'));
        assert.ok(store.stored.size <= count + 1);
        light.kill();
      }),
      { numRuns: HISTORIES },
    );
  });

  test('a disk that fails to keep what it has is the end, told once', async () => {
    const { ledger, disk, fatals } = await openTestLedger({ bounds: POWER });
    await ledger.start(sampleStart(1));
    const error = Object.assign(new Error('EIO'), { code: 'EIO' });
    disk.syncError = error;
    const isSpoolFull = (reason: unknown) => reason instanceof Refusal && reason.kind === 'spoolFull';
    await assert.rejects(Promise.resolve(ledger.start(sampleStart(2))), isSpoolFull);
    ledger.end(sampleRecord(1));
    disk.syncError = null;
    assert.throws(() => ledger.start(sampleStart(3)), isSpoolFull);
    await until(() => fatals.length > 0);
    assert.deepEqual(fatals, [error]);
  });

  test('segments that are full are closed when they are safe', async () => {
    const { ledger, disk, store, fatals } = await openTestLedger({ bounds: POWER });
    for (let index = 0; index < 300; index += 1) {
      await ledger.start(sampleStart(index));
      ledger.end(sampleRecord(index));
    }
    await ledger.close();
    assert.equal(store.stored.size, 300);
    assert.deepEqual(disk.names(), []);
    assert.deepEqual(fatals, []);
  });
});
