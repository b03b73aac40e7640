/**
 * A process that makes calls and is killed in the middle: opens the store and the ledger of a folder, and notes each start
 * and end in a file as soon as the ledger has answered.
 */
import { openSync, writeSync } from 'node:fs';
import { openLedger } from '../../src/ledger/ledger.ts';
import { createLedgerStore } from '../../src/storage/ledger-store.ts';
import { openStorage } from '../../src/storage/storage.ts';
import { CLOCK, QUIET } from '../contracts/each-database.ts';
import { sampleRecord, sampleStart } from './sample-calls.ts';

const [dataDir = '', notesFile = '', first = '0', atOnce = '1', databaseUrl = ''] = process.argv.slice(2);
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

async function begin(index: number): Promise<void> {
  await ledger.start(sampleStart(index));
  writeSync(notes, `s ${index}\n`);
}

/** Some calls end alone, the others with what else happens in their turn. */
async function end(index: number): Promise<void> {
  if (index % 5 === 0) ledger.end(sampleRecord(index));
  else await ledger.endSoon(sampleRecord(index));
  writeSync(notes, `e ${index}\n`);
}

for (let index = Number(first); ; index += Number(atOnce)) {
  const turn = Array.from({ length: Number(atOnce) }, (_, nth) => index + nth);
  const ending = turn.map((begun) => begun - Number(atOnce)).filter((ended) => ended >= Number(first));
  await Promise.all([...turn.map(begin), ...ending.map(end)]);
}
