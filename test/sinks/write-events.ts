/** A process that hands over one call after the other until it is killed: `data folder, endpoint, number of the first`. */
import { openSinks } from '../../src/sinks/open-sinks.ts';
import { collectingLog, sampleEvent, settingsOf } from './test-sinks.ts';

const [dataDir = '', endpoint = '', first = '0'] = process.argv.slice(2);
const EVERY_MS = 2;
const PER_TURN = 5;

const sinks = await openSinks({
  sinks: [settingsOf('generic_api', { endpoint })],
  env: {},
  dataDir,
  clock: { nowMs: () => Date.now(), elapsedMs: () => performance.now() },
  random: Math.random,
  log: collectingLog().log,
  loadAwsCredentials: () => Promise.reject(new Error('none')),
  bounds: { flushIntervalMs: 10, batchSize: 20, retry: { firstMs: 2, mostMs: 20 } },
});

let next = Number(first);
setInterval(() => {
  for (let count = 0; count < PER_TURN; count += 1) {
    sinks.accept(sampleEvent(next));
    next += 1;
  }
  process.send?.(next);
}, EVERY_MS);
