import { mkdirSync } from 'node:fs';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { loadConfig } from '../src/config/load.ts';
import { openSinks } from '../src/sinks/open-sinks.ts';
import { sampleSinkEvent } from '../src/sinks/sample-event.ts';
import { MEASURED_CORE, type Processes } from './processes.ts';
import { median } from './statistics.ts';

const SELF = fileURLToPath(import.meta.url);
const FOUND = /^HAND-OVER (.*)\n/m;
const found = z.record(z.string(), z.number());

/** Calls that are handed over in one turn of the event loop, and how many turns. */
const CALLS_OF_TURN = 20;
const TURNS = 2000;
const WARM_UP_TURNS = 500;
const WAITING_MAX = 5000;

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const CLOCK = { nowMs: () => Date.now(), elapsedMs: () => performance.now() };

/** @returns microseconds for each call that a sink holds the event loop when it is told of one, by its name */
export async function handOverUs(
  processes: Processes,
  sinks: Readonly<Record<string, object>>,
  folder: string,
): Promise<ReadonlyMap<string, number>> {
  mkdirSync(folder);
  const running = processes.start(process.execPath, [SELF, JSON.stringify({ sinks }), folder], { core: MEASURED_CORE });
  const [, json = ''] = await running.printed(FOUND);
  await running.stop();
  return new Map(Object.entries(found.parse(JSON.parse(json))));
}

async function measure(config: string, dataDir: string): Promise<Readonly<Record<string, number>>> {
  const { settings } = loadConfig({ flags: {}, env: {}, file: { name: 'sinks', text: config } });
  const us: Record<string, number> = {};
  for (const sink of settings.sinks) {
    const sinks = await openSinks({
      sinks: [sink],
      env: {},
      dataDir,
      clock: CLOCK,
      random: Math.random,
      log: SILENT,
      loadAwsCredentials: async () => ({ accessKeyId: 'AKIABENCH00000000000', secretAccessKey: 'example' }),
    });
    const times: number[] = [];
    for (let at = 0; at < WARM_UP_TURNS + TURNS; at += 1) {
      const events = Array.from({ length: CALLS_OF_TURN }, (_, index) =>
        sampleSinkEvent(`bench-${at}-${index}`, Date.now()),
      );
      const startedMs = performance.now();
      for (const event of events) sinks.accept(event);
      times.push(((performance.now() - startedMs) * 1000) / CALLS_OF_TURN);
      // What follows from it is not handing over: it is in the CPU of the whole process.
      await turn();
      // A call that finds no room costs nothing: none of them is to be lost.
      while (sinks.state().some(({ queued }) => queued > WAITING_MAX)) await pause(1);
    }
    const lost = sinks.state().reduce((sum, { dropped, refused }) => sum + dropped + refused, 0);
    if (lost > 0) throw new Error(`The sink ${sink.name} has lost ${lost} calls.`);
    us[sink.name] = median(times.slice(WARM_UP_TURNS));
    await sinks.close(0);
  }
  return us;
}

if (process.argv[1] === SELF) {
  const [config = '', dataDir = ''] = process.argv.slice(2);
  process.stdout.write(`HAND-OVER ${JSON.stringify(await measure(config, dataDir))}\n`);
}
