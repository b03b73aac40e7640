import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { callId } from '../ledger/sample-calls.ts';
import { until } from '../support/until.ts';
import { Receiver } from './receiver.ts';
import { openTestSinks, settingsOf, testFolder } from './test-sinks.ts';

const WRITER = fileURLToPath(new URL('write-events.ts', import.meta.url));
const ROUNDS = 4;
/** What was handed over this long before the end is on the disk, or with the receiver. */
const SAFE_AFTER_MS = 250;

test('kill -9 again and again: what was handed over some milliseconds before arrives', async () => {
  const arrived = new Set<string>();
  const receiver = new Receiver(({ text }) => {
    for (const { id } of z.array(z.object({ id: z.string() })).parse(JSON.parse(text))) arrived.add(id);
    return { status: 200 };
  });
  await receiver.start();
  const dataDir = testFolder();

  const safe: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // Well, failing, well, failing: so that what is left behind waits in different places.
    receiver.mood = round % 2 === 0 ? 'well' : 'error';
    const first = round * 1_000_000;
    const child = fork(WRITER, [dataDir, receiver.origin, String(first)]);
    after(() => child.kill('SIGKILL'));
    const progress: { readonly atMs: number; readonly next: number }[] = [];
    child.on('message', (next) => progress.push({ atMs: performance.now(), next: Number(next) }));
    await until(() => progress.length > 250);
    const exited = once(child, 'exit');
    const killedMs = performance.now();
    child.kill('SIGKILL');
    await exited;
    const last = progress.findLast(({ atMs }) => atMs < killedMs - SAFE_AFTER_MS);
    assert.ok(last !== undefined);
    for (let index = first; index < last.next; index += 1) safe.push(callId(index));
  }

  receiver.mood = 'well';
  const sinks = await openTestSinks([settingsOf('generic_api', { endpoint: receiver.origin })], { dataDir });
  await until(() => sinks.one().outboxBytes === 0);
  const missing = safe.filter((id) => !arrived.has(id));
  assert.deepEqual(missing, []);
  assert.ok(safe.length > ROUNDS * 200);
  await sinks.kill();
  await receiver.stop();
});
