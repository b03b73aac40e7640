/**
 * A process that makes keys, several at a time, and prints the id of each one that has been acknowledged. Started by
 * tests with the store's place as JSON, a prefix for ids and how many.
 */
import { z } from 'zod';
import { insertDataKey } from '../../src/storage/data-keys.ts';
import { openStorage } from '../../src/storage/storage.ts';
import { CLOCK, QUIET } from './each-database.ts';
import { COPY, makeKey, ORIGIN } from './sample-objects.ts';

const AT_ONCE = 8;

const place = z
  .object({ databaseUrl: z.string().nullable(), dataDir: z.string() })
  .parse(JSON.parse(process.argv[2] ?? ''));
const prefix = process.argv[3] ?? '';
const count = Number(process.argv[4]);

const storage = await openStorage({ ...place, clock: CLOCK, log: QUIET });
await storage.change(ORIGIN, (change) => insertDataKey(change, 1, COPY, null));

let next = 0;
async function makeSome(): Promise<void> {
  while (next < count) {
    const id = `${prefix}${next}`;
    next += 1;
    await makeKey(storage, id);
    process.stdout.write(`${id}\n`);
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, makeSome));
await storage.close();
