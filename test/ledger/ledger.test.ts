import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Refusal } from '../../src/domain/errors.ts';
import type { CallRecord } from '../../src/domain/call-record.ts';
import { until } from '../support/until.ts';
import { FakeStore } from './fake-store.ts';
import { NOON_MS, sampleRecord, sampleRecords, sampleStart, usageOf } from './sample-calls.ts';
import { openTestLedger, type TestLedger } from './test-ledger.ts';

/** Calls from start to end. */
function runCalls({ ledger }: TestLedger, from: number, count: number): void {
  for (let index = from; index < from + count; index += 1) {
    void ledger.start(sampleStart(index));
    ledger.end(sampleRecord(index));
  }
}

/** Calls that begin and go on. */
async function startCalls({ ledger }: TestLedger, from: number, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => ledger.start(sampleStart(from + index))));
}

function assertStored({ store }: { readonly store: FakeStore }, records: readonly CallRecord[]): void {
  assert.equal(store.stored.size, records.length);
  for (const record of records) assert.deepEqual(store.stored.get(record.id), record);
}

function segments({ disk }: TestLedger): readonly string[] {
  return disk.names().filter((name) => name.endsWith('.seg'));
}

describe('a call', () => {
  test('is in the store soon after its end, as it was', async () => {
    const test = await openTestLedger();
    runCalls(test, 0, 5);
    await until(() => test.store.stored.size === 5);
    assertStored(test, sampleRecords(5));
    assert.deepEqual(test.lines, []);
  });

  test('that was refused before it began needs no start', async () => {
    const test = await openTestLedger();
    const record = sampleRecord(1, { outcome: 'refused', service: null, operation: null, operationKind: null });
    test.ledger.end(record);
    await until(() => test.store.stored.size === 1);
    assertStored(test, [record]);
  });

  test('with anything in it that a database can not hold is stored without that', async () => {
    const test = await openTestLedger();
    const hostile = `a\0b\ud800${'x'.repeat(100_000)}`;
    const { attribution } = sampleStart(0);
    const start = sampleStart(0, {
      modelId: hostile,
      attribution: { ...attribution, customerId: hostile, tags: Array.from({ length: 50 }, () => hostile) },
    });
    const usage = { ...usageOf(['inputTokens', 5], ['outputTokens', NaN]), lines: [] };
    void test.ledger.start(start);
    test.ledger.end({
      ...sampleRecord(0),
      ...start,
      userAgent: hostile,
      durationMs: NaN,
      usage: {
        ...usage,
        lines: [...usageOf(['inputTokens', 5], ['outputTokens', NaN]).lines].map((line) => ({
          ...line,
          variant: hostile,
        })),
      },
    });
    await until(() => test.store.stored.size === 1);
    const [stored] = [...test.store.stored.values()];
    assert.ok(stored !== undefined);
    assert.doesNotMatch(
      JSON.stringify(stored, (_, value) => (typeof value === 'bigint' ? '' : value)),
      /\\u/,
    );
    assert.equal(stored.attribution.customerId?.length, 512);
    assert.equal(stored.attribution.tags.length, 1);
    assert.equal(stored.durationMs, 0);
    assert.deepEqual(
      stored.usage.lines.map(({ unit }) => unit),
      ['inputTokens'],
    );
    assert.equal(stored.usage.complete, false);
  });
});

describe('calls that begin and end in one turn of the event loop', () => {
  test('are written in one go, before any of them goes on', async () => {
    const test = await openTestLedger();
    const { ledger, store, disk } = test;
    store.isDown = true;
    await startCalls(test, 0, 10);
    const before = disk.writes;
    const goneOn: number[] = [];
    const turn = [
      ...Array.from({ length: 10 }, (_, index) => ledger.endSoon(sampleRecord(index))),
      startCalls(test, 10, 10),
    ].map((written, index) => written.then(() => goneOn.push(index)));
    await Promise.resolve();
    assert.deepEqual(goneOn, []);
    assert.equal(disk.writes, before);
    await Promise.all(turn);
    assert.equal(disk.writes, before + 1);
    test.kill();

    store.isDown = false;
    const next = await openTestLedger({ store, disk });
    await next.ledger.replayed;
    const outcomes = [...store.stored.values()].map(({ outcome }) => outcome);
    assert.deepEqual(outcomes, [...Array<string>(10).fill('completed'), ...Array<string>(10).fill('unknown')]);
  });

  test('are written at once with an end that can not wait, or when they are many', async () => {
    const test = await openTestLedger({ bounds: { spoolBytesMax: 1024 * 1024, segmentBytesMax: 256 * 1024 } });
    const { ledger, disk } = test;
    const before = disk.writes;
    const starting = startCalls(test, 0, 5);
    assert.equal(disk.writes, before);
    ledger.end(sampleRecord(0));
    assert.equal(disk.writes, before + 1);
    await starting;
    const many = startCalls(test, 10, 1000);
    assert.ok(disk.writes > before + 2);
    assert.ok(ledger.state().spoolBytes > 150 * 1024);
    await many;
  });

  test('are refused when the disk does not take them, and those that end are kept', async () => {
    const test = await openTestLedger();
    const { ledger, store, disk } = test;
    store.isDown = true;
    await startCalls(test, 0, 10);
    disk.capacity = disk.used + 100;
    const refused = Promise.allSettled(Array.from({ length: 5 }, (_, index) => ledger.start(sampleStart(10 + index))));
    await Promise.all(Array.from({ length: 10 }, (_, index) => ledger.endSoon(sampleRecord(index))));
    for (const { status } of await refused) assert.equal(status, 'rejected');
    assert.equal(ledger.state().openCalls, 0);
    test.kill();

    store.isDown = false;
    disk.capacity = Infinity;
    const next = await openTestLedger({ store, disk });
    await next.ledger.replayed;
    assertStored(next, sampleRecords(10));
  });
});

describe('a process that is killed', () => {
  test('leaves every start and end it has told of, and the next one stores them', async () => {
    const store = new FakeStore();
    store.isDown = true;
    const dead = await openTestLedger({ store });
    runCalls(dead, 0, 300);
    await startCalls(dead, 300, 10);
    dead.kill();
    store.isDown = false;

    const next = await openTestLedger({ store, disk: dead.disk });
    await next.ledger.replayed;
    assert.equal(store.stored.size, 310);
    for (const record of sampleRecords(300)) assert.deepEqual(store.stored.get(record.id), record);
    for (let index = 300; index < 310; index += 1) {
      const lost = store.stored.get(sampleStart(index).id);
      assert.equal(lost?.outcome, 'unknown');
      assert.deepEqual(lost.cost, { kind: 'known', nanos: 2_000_000n });
      assert.equal(lost.startedAtMs, NOON_MS + index);
      assert.deepEqual(lost.attribution, sampleStart(index).attribution);
    }
    // Nothing of it is left, and nobody looks at it again.
    assert.deepEqual(segments(next), []);
  });

  test('after the store took a batch, but before it said so, is charged once', async () => {
    const store = new FakeStore();
    const dead = await openTestLedger({ store });
    store.losesNextAnswer = true;
    runCalls(dead, 0, 20);
    await until(() => store.stored.size === 20);
    dead.kill();
    const before = new Map(store.stored);
    const next = await openTestLedger({ store, disk: dead.disk });
    await next.ledger.replayed;
    assert.deepEqual(store.stored, before);
  });

  test('is looked after although the one that did so before was killed as well', async () => {
    const store = new FakeStore();
    store.isDown = true;
    const first = await openTestLedger({ store });
    runCalls(first, 0, 200);
    first.kill();
    const second = await openTestLedger({ store, disk: first.disk });
    runCalls(second, 200, 50);
    store.isDown = false;
    await until(() => store.batches >= 2);
    second.kill();
    const third = await openTestLedger({ store, disk: first.disk });
    await third.ledger.replayed;
    assertStored(third, sampleRecords(250));
  });

  test('of something free or of unknown cost is not charged nothing for what nobody knows', async () => {
    const dead = await openTestLedger();
    await dead.ledger.start(sampleStart(1, { reservedNanos: 0n }));
    await dead.ledger.start(sampleStart(2, { reservedNanos: 0n, operation: 'ListGuardrails', operationKind: 'read' }));
    dead.kill();
    const next = await openTestLedger({ disk: dead.disk });
    await next.ledger.replayed;
    assert.equal(next.store.stored.get(sampleStart(1).id)?.cost.kind, 'unknown');
    assert.deepEqual(next.store.stored.get(sampleStart(2).id)?.cost, { kind: 'known', nanos: 0n });
  });

  test('in the middle of a frame loses nothing before it', async () => {
    const store = new FakeStore();
    store.isDown = true;
    const dead = await openTestLedger({ store });
    runCalls(dead, 0, 10);
    dead.kill();
    store.isDown = false;
    const [segment = ''] = segments(dead);
    dead.disk.damage(segment, (bytes) => bytes.subarray(0, bytes.length - 5));
    const next = await openTestLedger({ store, disk: dead.disk });
    await next.ledger.replayed;
    assert.equal(store.stored.size, 10);
    assert.equal(store.stored.get(sampleRecord(9).id)?.outcome, 'unknown');
    assert.ok(next.lines.every(({ level }) => level === 'info'));
  });

  test('whose records were damaged keeps the others, and the files for a person', async () => {
    const store = new FakeStore();
    store.isDown = true;
    const dead = await openTestLedger({ store });
    runCalls(dead, 0, 10);
    dead.kill();
    store.isDown = false;
    const [segment = ''] = segments(dead);
    dead.disk.damage(segment, (bytes) => bytes.fill(0, 100, 130));
    const next = await openTestLedger({ store, disk: dead.disk });
    await next.ledger.replayed;
    assert.ok(store.stored.size >= 9);
    assert.deepEqual(
      next.lines.filter(({ level }) => level === 'error').map(({ message }) => message),
      ['a part of these records can not be read'],
    );
    assert.ok(segments(next).every((name) => name.includes('.damaged/')));
  });
});

describe('several processes on one disk', () => {
  test('each have a spool of their own, and the living are left alone', async () => {
    const store = new FakeStore();
    store.isDown = true;
    const one = await openTestLedger({ store });
    await one.ledger.start(sampleStart(1));
    const other = await openTestLedger({ store, disk: one.disk });
    await other.ledger.replayed;
    await other.ledger.start(sampleStart(2));
    one.ledger.end(sampleRecord(1));
    other.ledger.end(sampleRecord(2));
    store.isDown = false;
    await until(() => store.stored.size === 2);
    assertStored(one, [sampleRecord(1), sampleRecord(2)]);
  });

  test('look after one that died while they live', async () => {
    const store = new FakeStore();
    const dead = await openTestLedger({ store });
    const living = await openTestLedger({ store, disk: dead.disk, bounds: { adoptEveryMs: 2 } });
    await dead.ledger.start(sampleStart(1));
    dead.kill();
    await until(() => store.stored.size === 1);
    assert.equal(store.stored.get(sampleStart(1).id)?.outcome, 'unknown');
    await living.ledger.close();
  });
});

describe('a store that is down', () => {
  test('stops nobody, is told of once, and gets everything when it is back', async () => {
    const test = await openTestLedger();
    test.store.isDown = true;
    runCalls(test, 0, 250);
    await until(() => test.ledger.state().isStoreDown);
    runCalls(test, 250, 10);
    // More than memory may hold: they are read from the disk again.
    assert.equal(test.ledger.state().waitingEnds, 60);
    test.store.isDown = false;
    await until(() => test.store.stored.size === 260);
    await until(() => !test.ledger.state().isStoreDown);
    assertStored(test, sampleRecords(260));
    runCalls(test, 260, 1);
    await until(() => test.store.stored.size === 261);
    assert.deepEqual(test.lines, [
      { level: 'warn', message: 'the database takes no records: they wait in the spool' },
      { level: 'info', message: 'the database takes records again' },
    ]);
  });

  test('at the bound of the spool refuses new calls, lets running ones end, and is well by itself', async () => {
    const test = await openTestLedger();
    const { ledger, store } = test;
    store.isDown = true;
    const running = Array.from({ length: 20 }, (_, index) => index);
    for (const index of running) void ledger.start(sampleStart(index));
    runCalls(test, 20, 1);
    await until(() => ledger.state().isStoreDown);
    let next = 21;
    assert.throws(
      () => {
        for (; next < 10_000; next += 1) runCalls(test, next, 1);
      },
      (error: unknown) => error instanceof Refusal && error.kind === 'spoolFull' && error.row.status === 503,
    );
    assert.ok(ledger.state().isFull);
    assert.throws(() => ledger.start(sampleStart(next)), Refusal);
    for (const index of running) ledger.end(sampleRecord(index));
    const { spoolBytes } = ledger.state();
    for (let index = 0; index < 1000; index += 1) {
      ledger.end(sampleRecord(20_000 + index, { outcome: 'refused', refusal: 'spoolFull' }));
    }
    assert.equal(ledger.state().spoolBytes, spoolBytes);
    assert.equal(ledger.state().refusalsNotRecorded, 1000);

    store.isDown = false;
    await until(() => store.stored.size === next);
    await until(() => !ledger.state().isFull);
    assertStored(test, sampleRecords(next));
    runCalls(test, next, 1);
    await until(() => store.stored.size === next + 1);
    assert.deepEqual(
      test.lines.map(({ level }) => level),
      ['warn', 'warn', 'error', 'info', 'info'],
    );
  });

  test('is not filled up by requests that are refused before they begin', async () => {
    const { ledger, store } = await openTestLedger();
    store.isDown = true;
    for (let index = 0; index < 3000; index += 1) ledger.end(sampleRecord(index, { outcome: 'refused' }));
    assert.ok(ledger.state().refusalsNotRecorded > 0);
    assert.ok(ledger.state().spoolBytes < 150 * 1024);
    await ledger.start(sampleStart(5000));
  });
});

describe('a disk that is full', () => {
  test('refuses new calls, takes the ends of running ones from the reserve, and is well by itself', async () => {
    const test = await openTestLedger({ bounds: { spoolBytesMax: 1024 * 1024 } });
    const { ledger, store, disk } = test;
    store.isDown = true;
    await startCalls(test, 0, 30);
    disk.capacity = disk.used + 100;
    await assert.rejects(ledger.start(sampleStart(30)), { kind: 'spoolFull' });
    for (let index = 0; index < 30; index += 1) ledger.end(sampleRecord(index));
    assert.equal(ledger.state().waitingEnds, 30);
    // All of them are on the disk: a process that comes later finds them.
    test.kill();
    store.isDown = false;
    disk.capacity = Infinity;
    const next = await openTestLedger({ store, disk });
    await next.ledger.replayed;
    assertStored(next, sampleRecords(30));
  });

  test('that gets space back takes calls again, with one line for each change', async () => {
    const test = await openTestLedger({ bounds: { spoolBytesMax: 1024 * 1024 } });
    const { ledger, disk, store } = test;
    runCalls(test, 0, 3);
    await until(() => store.stored.size === 3);
    disk.capacity = disk.used;
    await assert.rejects(ledger.start(sampleStart(3)), { kind: 'spoolFull' });
    for (let index = 0; index < 100; index += 1) assert.throws(() => ledger.start(sampleStart(3)), Refusal);
    disk.capacity = Infinity;
    await until(() => !ledger.state().isFull);
    runCalls(test, 3, 3);
    await until(() => store.stored.size === 6);
    assert.deepEqual(
      test.lines.map(({ level }) => level),
      ['error', 'info'],
    );
  });

  test('with its reserve used up keeps ends in memory, and stores them from there', async () => {
    const test = await openTestLedger({ bounds: { reserveBytes: 1024 } });
    const { ledger, store, disk } = test;
    store.isDown = true;
    await startCalls(test, 0, 50);
    disk.capacity = disk.used;
    for (let index = 0; index < 50; index += 1) ledger.end(sampleRecord(index));
    assert.equal(ledger.state().waitingEnds, 50);
    assert.ok(ledger.state().openCalls > 40);
    store.isDown = false;
    await until(() => store.stored.size === 50);
    assertStored(test, sampleRecords(50));
    assert.equal(ledger.state().openCalls, 0);
  });

  test('that takes them later has them before the store does', async () => {
    const test = await openTestLedger({ bounds: { reserveBytes: 1024 } });
    const { ledger, store, disk } = test;
    store.isDown = true;
    await startCalls(test, 0, 10);
    disk.writeError = Object.assign(new Error('EIO'), { code: 'EIO' });
    for (let index = 0; index < 10; index += 1) ledger.end(sampleRecord(index));
    assert.equal(ledger.state().openCalls, 10);
    disk.writeError = null;
    await until(() => ledger.state().openCalls === 0);
    test.kill();
    store.isDown = false;
    const next = await openTestLedger({ store, disk });
    await next.ledger.replayed;
    assertStored(next, sampleRecords(10));
  });

  test('that takes a part of a frame never gives that part back as a record', async () => {
    const test = await openTestLedger({ bounds: { reserveBytes: 0 } });
    const { ledger, store, disk } = test;
    store.isDown = true;
    for (let left = 1; left < 400; left += 7) {
      disk.capacity = disk.used + left;
      await assert.rejects(startCalls(test, 100_000 + left * 10, 10), Refusal);
      disk.capacity = Infinity;
      await until(() => !ledger.state().isFull);
      void ledger.start(sampleStart(left));
      ledger.end(sampleRecord(left));
    }
    test.kill();
    store.isDown = false;
    const next = await openTestLedger({ store, disk });
    await next.ledger.replayed;
    const ended = [...store.stored.values()].filter(({ outcome }) => outcome === 'completed');
    assert.equal(ended.length, Math.ceil(399 / 7));
  });
});

describe('the space a spool takes', () => {
  test('is given back when the store has the records', async () => {
    const test = await openTestLedger();
    for (let round = 0; round < 20; round += 1) {
      runCalls(test, round * 100, 100);
      await until(() => test.store.stored.size === (round + 1) * 100);
    }
    await until(() => test.ledger.state().waitingEnds === 0);
    assert.ok(test.ledger.state().spoolBytes <= 16 * 1024);
    assert.ok(segments(test).length <= 1);
  });

  test('is given back although calls go on for long', async () => {
    const test = await openTestLedger({ bounds: { spoolBytesMax: 128 * 1024 } });
    const { ledger, store } = test;
    let count = 0;
    for (let round = 0; round < 30; round += 1) {
      void ledger.start(sampleStart(1_000_000 + round));
      runCalls(test, count, 50);
      count += 50;
      await until(() => store.stored.size === count);
    }
    assert.ok(ledger.state().spoolBytes < 64 * 1024, `${ledger.state().spoolBytes}`);
    assert.equal(ledger.state().openCalls, 30);
    test.kill();
    const next = await openTestLedger({ store, disk: test.disk });
    await next.ledger.replayed;
    const lost = [...store.stored.values()].filter(({ outcome }) => outcome === 'unknown');
    assert.deepEqual(
      lost.map(({ id }) => id).sort(),
      Array.from({ length: 30 }, (_, i) => sampleStart(1_000_000 + i).id),
    );
    assert.equal(store.stored.size, count + 30);
  });
});

describe('a record that the store will never take', () => {
  test('is set aside where a person finds it, and holds up nobody', async () => {
    const test = await openTestLedger();
    const { store, disk } = test;
    store.unstorable.add(sampleRecord(7).id);
    store.unstorable.add(sampleRecord(31).id);
    runCalls(test, 0, 100);
    await until(() => store.stored.size === 98);
    await until(() => test.ledger.state().waitingEnds === 0);
    const aside = disk.bytesOf('/data/spool/rejected.ndjson').toString().trim().split('\n');
    assert.deepEqual(
      aside.map((line) => /[0-9a-f-]{36}/.exec(line)?.[0]),
      [sampleRecord(7).id, sampleRecord(31).id],
    );
    assert.equal(test.lines.filter(({ level }) => level === 'error').length, 2);
  });
});

describe('closing', () => {
  test('stores what waits and leaves nothing behind', async () => {
    const test = await openTestLedger({ bounds: { flushEveryMs: 60_000 } });
    runCalls(test, 0, 130);
    await test.ledger.close();
    assertStored(test, sampleRecords(130));
    assert.deepEqual(test.disk.names(), []);
  });

  test('leaves calls that are still open to the next process', async () => {
    const test = await openTestLedger();
    void test.ledger.start(sampleStart(1));
    await test.ledger.close();
    const next = await openTestLedger({ store: test.store, disk: test.disk });
    await next.ledger.replayed;
    assert.equal(test.store.stored.get(sampleStart(1).id)?.outcome, 'unknown');
  });

  test('takes nothing after it: another process may have taken over', async () => {
    const test = await openTestLedger();
    void test.ledger.start(sampleStart(1));
    await test.ledger.close();
    assert.throws(() => test.ledger.start(sampleStart(2)), { kind: 'overloaded' });
    const before = test.disk.names();
    test.ledger.end(sampleRecord(1));
    assert.deepEqual(test.disk.names(), before);
  });

  test('waits for a store that is down no longer than it may', async () => {
    const test = await openTestLedger({ bounds: { closeMsMax: 20 } });
    test.store.isDown = true;
    runCalls(test, 0, 200);
    await test.ledger.close();
    test.store.isDown = false;
    const next = await openTestLedger({ store: test.store, disk: test.disk });
    await next.ledger.replayed;
    assertStored(next, sampleRecords(200));
  });

  test('old records are deleted from the beginning on', async () => {
    const test = await openTestLedger({ bounds: { retentionDays: 12 } });
    assert.deepEqual(test.store.maintained, [NOON_MS, 12]);
  });
});
