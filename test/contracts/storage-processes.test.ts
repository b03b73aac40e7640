import type { StoredKey } from '../../src/domain/holders.ts';
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { listAudit } from '../../src/storage/audit.ts';
import { findCredential, listCredentials } from '../../src/storage/credentials.ts';
import { listDataKeys } from '../../src/storage/data-keys.ts';
import { listKeys } from '../../src/storage/keys.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { onEachDatabase, type StorePlace } from './each-database.ts';

const SCRIPT = fileURLToPath(new URL('make-keys.ts', import.meta.url));

const KEYS = 1000;
const KILLED_AFTER = 300;

interface Maker {
  readonly process: ChildProcessByStdio<null, Readable, null>;
  readonly acknowledged: AsyncIterable<string>;
}

function startMaker(place: StorePlace, prefix: string, count: number): Maker {
  const process_ = spawn(process.execPath, [SCRIPT, JSON.stringify(place), prefix, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { process: process_, acknowledged: createInterface({ input: process_.stdout }) };
}

async function allKeys(storage: Storage): Promise<readonly StoredKey[]> {
  const keys: StoredKey[] = [];
  for (let page = 1; ; page += 1) {
    const { rows, total } = await listKeys(storage.read, {}, { page, size: 100 });
    keys.push(...rows);
    if (keys.length >= total) return keys;
  }
}

onEachDatabase((database) => {
  test('four processes that start at once on an empty store make one store', async () => {
    const place = await database.newPlace();
    const makers = ['a', 'b', 'c', 'd'].map((prefix) => startMaker(place, prefix, 10));
    const codes = await Promise.all(makers.map(({ process: maker }) => once(maker, 'exit')));
    assert.deepEqual(
      codes.map(([code]: unknown[]) => code),
      [0, 0, 0, 0],
    );
    const storage = await database.open(place);
    assert.equal((await allKeys(storage)).length, 40);
    assert.equal((await listDataKeys(storage.read)).length, 1);
  });

  test('of a thousand keys, made while the process is killed, each acknowledged one works and none is half there', async () => {
    const place = await database.newPlace();
    const maker = startMaker(place, 'key_', KEYS);
    const acknowledged: string[] = [];
    for await (const id of maker.acknowledged) {
      acknowledged.push(id);
      if (acknowledged.length === KILLED_AFTER) maker.process.kill('SIGKILL');
    }
    assert.ok(acknowledged.length >= KILLED_AFTER && acknowledged.length < KEYS, `${acknowledged.length}`);

    const storage = await database.open(place);
    for (const id of acknowledged) {
      assert.equal((await findCredential(storage.read, 'bearer', [`${id}-digest`]))?.key.id, id);
      assert.equal((await findCredential(storage.read, 'aws', [`${id}-access`]))?.key.id, id);
    }
    for (const { id } of await allKeys(storage)) {
      assert.equal((await listCredentials(storage.read, id)).length, 2);
      assert.equal((await listAudit(storage.read, { objectId: id }, { page: 1, size: 10 })).total, 2);
    }
  });
});
