import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { openLedger } from '../../src/ledger/ledger.ts';
import { createLedgerStore } from '../../src/storage/ledger-store.ts';
import { usage } from '../../src/storage/ledger-usage.ts';
import { NOON_MS, sampleRecord, sampleStart } from '../ledger/sample-calls.ts';
import { until } from '../support/until.ts';
import { CLOCK, onDatabase, QUIET } from './each-database.ts';

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

onDatabase('PostgreSQL', (database) => {
  test('while the database is down calls go on, and all of them are there when it is back', async () => {
    const storage = await database.open();
    const dataDir = await mkdtemp(path.join(tmpdir(), 'outcrop-outage-'));
    folders.push(dataDir);
    const said: string[] = [];
    const say = (_facts: object, message: string) => void said.push(message);
    const ledger = await openLedger({
      store: createLedgerStore(storage),
      dataDir,
      clock: CLOCK,
      log: { ...QUIET, info: say, warn: say, error: say },
      fatal: (error) => assert.fail(String(error)),
      bounds: { reserveBytes: 0, waitingEndsMax: 500, segmentBytesMax: 256 * 1024, flushEveryMs: 5, retryMsMax: 50 },
    });
    let count = 0;
    const run = (calls: number) => {
      for (; calls > 0; calls -= 1, count += 1) {
        void ledger.start(sampleStart(count));
        ledger.end(sampleRecord(count));
      }
    };
    run(100);
    await until(() => ledger.state().waitingEnds === 0);
    await database.server().down();
    run(1000);
    await until(() => ledger.state().isStoreDown);
    run(1000);
    await database.server().up();
    await until(() => !ledger.state().isStoreDown);
    run(100);
    await ledger.close();

    const query = { groupBy: [], bucket: 'none', filter: {}, fromMs: 0, untilMs: NOON_MS * 2, order: 'time' } as const;
    const { rows } = await usage(storage, query, { page: 1, size: 1 });
    assert.equal(rows[0]?.sums.requests, count);
    assert.equal(rows[0]?.sums.costNanos, BigInt(count) * 1_000_000n + BigInt((count * (count - 1)) / 2));
    // Old records may be looked for just when the database goes.
    const ofOutage = said.filter((line) => !line.startsWith('old records could not be deleted'));
    assert.deepEqual(ofOutage, [
      'the database takes no records: they wait in the spool',
      'the database takes records again',
    ]);
  });
});
