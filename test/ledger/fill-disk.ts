/** Fills a small disk with the spool of a ledger whose store is down, makes room again, and prints what became of it. */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Refusal } from '../../src/domain/errors.ts';
import { openLedger } from '../../src/ledger/ledger.ts';
import { CLOCK } from '../contracts/each-database.ts';
import { until } from '../support/until.ts';
import { FakeStore } from './fake-store.ts';
import { sampleRecord, sampleStart } from './sample-calls.ts';

const MIB = 1024 * 1024;
const OPEN_CALLS = 200;

const [folder = ''] = process.argv.slice(2);
const ballast = path.join(folder, 'ballast');
writeFileSync(ballast, Buffer.alloc(2 * MIB));

const levels: string[] = [];
const note = (level: string) => () => void levels.push(level);
const store = new FakeStore();
store.isDown = true;
const ledger = await openLedger({
  store,
  dataDir: path.join(folder, 'data'),
  clock: CLOCK,
  log: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
  fatal: (error) => {
    throw error;
  },
  bounds: { segmentBytesMax: MIB, reserveBytes: MIB, lookEveryMs: 5, retryMs: 5, retryMsMax: 5 },
});
for (let index = 0; index < OPEN_CALLS; index += 1) await ledger.start(sampleStart(index));
let begun = OPEN_CALLS;
let refusal: unknown = null;
while (refusal === null) {
  try {
    await ledger.start(sampleStart(begun));
    ledger.end(sampleRecord(begun));
    begun += 1;
  } catch (error) {
    refusal = error;
  }
}
for (let index = 0; index < OPEN_CALLS; index += 1) ledger.end(sampleRecord(index));
const openWhenFull = ledger.state().openCalls;

rmSync(ballast);
await until(() => !ledger.state().isFull);
await ledger.start(sampleStart(begun));
ledger.end(sampleRecord(begun));
begun += 1;
store.isDown = false;
await until(() => store.stored.size === begun);
await ledger.close();
console.log(
  JSON.stringify({
    refusal: refusal instanceof Refusal ? refusal.kind : null,
    openWhenFull,
    begun,
    stored: [...store.stored.values()].filter(({ outcome }) => outcome === 'completed').length,
    levels,
  }),
);
