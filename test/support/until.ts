import { setTimeout as pause } from 'node:timers/promises';

const ASK_EVERY_MS = 2;

/** Waits for what no event of the test's own announces, by asking again and again. The runner's timeout is its bound. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(ASK_EVERY_MS);
}
