import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../../src/storage/schema.ts';
import { openSqlite } from '../../src/storage/sqlite.ts';

const [NORMAL, FULL] = [1, 2];

for (const [callsOutlivePower, inLedger] of [
  [true, FULL],
  [false, NORMAL],
] as const) {
  test(`calls ${callsOutlivePower ? 'wait' : 'do not wait'} for the disk, all else does, also after a batch that failed`, async (context) => {
    const dataDir = mkdtempSync(path.join(tmpdir(), 'outcrop-sqlite-'));
    const engine = await openSqlite(dataDir, { callsOutlivePower });
    const { write, ledger } = engine;
    context.after(async () => {
      await engine.close();
      rmSync(dataDir, { recursive: true });
    });
    const level = async (db: Kysely<Schema>) =>
      (await sql<{ synchronous: number }>`pragma synchronous`.execute(db)).rows[0]?.synchronous;

    assert.equal(await ledger.transaction(level), inLedger);
    assert.equal(await write.transaction().execute(level), FULL);
    const failing = ledger.transaction(async (db) => sql`select * from nowhere`.execute(db));
    const beside = write.transaction().execute(level);
    await assert.rejects(failing, /nowhere/);
    assert.equal(await beside, FULL);
    assert.equal(await write.transaction().execute(level), FULL);
  });
}
