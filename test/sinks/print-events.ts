/** A process whose sink is its standard output: it hands over so many calls and tells its parent how it is doing. */
import { openSinks } from '../../src/sinks/open-sinks.ts';
import { collectingLog, sampleEvent, settingsOf } from './test-sinks.ts';

const count = Number(process.argv[2]);
const PER_TURN = 2000;
const MIB = 1024 * 1024;

const sinks = await openSinks({
  sinks: [settingsOf('stdout')],
  env: {},
  dataDir: '.',
  clock: { nowMs: () => Date.now(), elapsedMs: () => performance.now() },
  random: Math.random,
  log: collectingLog().log,
  loadAwsCredentials: () => Promise.reject(new Error('none')),
  bounds: { flushIntervalMs: 5 },
});

let next = 0;
let turns = 0;
setInterval(() => {
  turns += 1;
  for (let round = 0; round < PER_TURN && next < count; round += 1) {
    sinks.accept(sampleEvent(next));
    next += 1;
  }
  const [state] = sinks.state();
  const { dropped = 0, queued = 0 } = state ?? {};
  process.send?.({ dropped, queued, rssMiB: process.memoryUsage.rss() / MIB, turns });
}, 5);
