import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { StoredCall, UsageSums } from '../../src/domain/ledger.ts';
import { openLedger } from '../../src/ledger/ledger.ts';
import { callsInOrder } from '../../src/storage/ledger-list.ts';
import { createLedgerStore } from '../../src/storage/ledger-store.ts';
import { usage } from '../../src/storage/ledger-usage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { CLOCK, onEachDatabase, QUIET } from '../contracts/each-database.ts';
import { until } from '../support/until.ts';
import { callId, NOON_MS, sampleRecord } from './sample-calls.ts';

const SCRIPT = fileURLToPath(new URL('write-calls.ts', import.meta.url));

/** Processes that share a folder and are killed at the same time, and how often that happens. */
const PROCESSES = 2;
const ROUNDS = 5;

/** Calls that a process begins in one go. */
const AT_ONCE = 7;

const NOTE_BYTES_MAX = 12_000;
const CALLS_MAX = 100_000;
const RANGE = { fromMs: 0, untilMs: NOON_MS + CALLS_MAX * PROCESSES * ROUNDS };

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** Lets a process make calls and kills it when it has noted so much. @returns what it had noted */
async function writeAndDie(dataDir: string, notes: string, first: number, databaseUrl: string | null) {
  writeFileSync(notes, '');
  const child = spawn(process.execPath, [SCRIPT, dataDir, notes, String(first), String(AT_ONCE), databaseUrl ?? ''], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exit = once(child, 'exit');
  const bytes = 1 + Math.floor(Math.random() * NOTE_BYTES_MAX);
  await Promise.race([until(() => statSync(notes).size >= bytes), exit]);
  child.kill('SIGKILL');
  const [, signal] = await exit;
  assert.equal(signal, 'SIGKILL');
  const noted = readFileSync(notes, 'utf8').split('\n');
  const indexes = (kind: string) =>
    noted.flatMap((line) => (line.startsWith(`${kind} `) ? [Number(line.slice(2))] : []));
  return { started: indexes('s'), ended: indexes('e') };
}

async function allCalls(storage: Storage): Promise<readonly StoredCall[]> {
  const calls: StoredCall[] = [];
  for (;;) {
    const more = await callsInOrder(storage.read, RANGE, calls.at(-1) ?? null, 1000);
    if (more.length === 0) return calls;
    calls.push(...more);
  }
}

onEachDatabase((database) => {
  test('processes that are killed again and again lose no call, double none, and no cost is off by a nano-dollar', async () => {
    const place = await database.newPlace();
    const folder = await mkdtemp(path.join(tmpdir(), 'outcrop-killed-'));
    folders.push(folder);
    const dataDir = place.databaseUrl === null ? place.dataDir : path.join(folder, 'data');
    const started: number[] = [];
    const ended: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const deaths = await Promise.all(
        Array.from({ length: PROCESSES }, (_, index) => {
          const nth = round * PROCESSES + index;
          return writeAndDie(dataDir, path.join(folder, `notes-${nth}`), nth * CALLS_MAX, place.databaseUrl);
        }),
      );
      for (const death of deaths) {
        started.push(...death.started);
        ended.push(...death.ended);
      }
    }

    const storage = await database.open({ ...place, dataDir });
    const store = createLedgerStore(storage);
    const fatal = (error: unknown) => assert.fail(String(error));
    const ledger = await openLedger({ store, dataDir, clock: CLOCK, log: QUIET, fatal });
    await ledger.replayed;
    await ledger.close();
    assert.deepEqual(await readdir(path.join(dataDir, 'spool')), []);

    const calls = new Map((await allCalls(storage)).map((call) => [call.id, call]));
    for (const index of ended) {
      const record = sampleRecord(index);
      assert.deepEqual(calls.get(record.id), { ...record, estimated: false });
    }
    const known = new Set(ended);
    for (const index of started.filter((startedIndex) => !known.has(startedIndex))) {
      const call = calls.get(callId(index));
      // It may have ended without having noted so.
      if (call?.outcome === 'completed') assert.deepEqual(call, { ...sampleRecord(index), estimated: false });
      else assert.deepEqual(call?.cost, { kind: 'known', nanos: 2_000_000n });
    }
    // The last starts of each process may not have been noted.
    assert.ok(calls.size <= started.length + PROCESSES * ROUNDS * AT_ONCE);
    assert.ok(ended.length > 100, `${ended.length}`);

    const query = { groupBy: [], bucket: 'none', filter: {}, order: 'time', ...RANGE } as const;
    const { rows } = await usage(storage, query, { page: 1, size: 1 });
    const sums: UsageSums | undefined = rows[0]?.sums;
    const nanos = [...calls.values()].map(({ cost }) => (cost.kind === 'known' ? cost.nanos : 0n));
    assert.equal(sums?.requests, calls.size);
    assert.equal(
      sums.costNanos,
      nanos.reduce((sum, next) => sum + next, 0n),
    );
  });
});
