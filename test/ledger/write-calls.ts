/**
 * A process that makes calls and is killed in the middle: opens the store and the ledger of a folder, and notes each start
 * and end in a file as soon as the ledger has answered.
 */
import { openSync, writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openLedger } from '../../src/ledger/ledger.ts';
import { createLedgerStore } from '../../src/storage/ledger-store.ts';
import { openStorage } from '../../src/storage/storage.ts';
import { CLOCK, QUIET } from '../contracts/each-database.ts';
import { sampleRecord, sampleStart } from './sample-calls.ts';

const AT_ONCE = 7;

const [dataDir = '', notesFile = '', first = '0', databaseUrl = ''] = process.argv.slice(2);
const notes = openSync(notesFile, 'a');
const storage = await openStorage({
  databaseUrl: databaseUrl === '' ? null : databaseUrl,
  dataDir,
  clock: CLOCK,
  log: QUIET,
});
const ledger = await openLedger({
  store: createLedgerStore(storage),
  dataDir,
  clock: CLOCK,
  log: QUIET,
  fatal: () => process.exit(3),
  bounds: { segmentBytesMax: 64 * 1024, reserveBytes: 256 * 1024, flushEveryMs: 5, adoptEveryMs: 50 },
});

for (let index = Number(first); ; index += 1) {
  await ledger.start(sampleStart(index));
  writeSync(notes, `s ${index}\n`);
  const ending = index - AT_ONCE;
  if (ending >= Number(first)) {
    ledger.end(sampleRecord(ending));
    writeSync(notes, `e ${ending}\n`);
  }
  if (index % 10 === 0) await nextTurn();
}
