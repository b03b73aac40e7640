/**
 * A process whose database takes nothing: it leaves as many records in the spool of a folder as it is told, some of them
 * of calls that are still running, and waits to be killed.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openLedger } from '../../src/ledger/ledger.ts';
import { FakeStore } from '../ledger/fake-store.ts';
import { callId, sampleRecord, sampleStart } from '../ledger/sample-calls.ts';

/** Every so many calls one goes on running. */
const RUNNING_EACH = 100;

const [dataDir = '', count = '0'] = process.argv.slice(2);
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const store = new FakeStore();
store.isDown = true;
const ledger = await openLedger({
  store,
  dataDir,
  clock: { nowMs: () => Date.now(), elapsedMs: () => performance.now() },
  log: silent,
  fatal: () => process.exit(3),
});

for (let index = 0; index < Number(count); index += 1) {
  const now = Date.now();
  const facts = { id: callId(index, now), startedAtMs: now };
  await ledger.start(sampleStart(index, facts));
  if (index % RUNNING_EACH !== 0) ledger.end(sampleRecord(index, facts));
  if (index % 1000 === 0) await nextTurn();
}
process.stdout.write('filled\n');
setInterval(() => undefined, 1000);
