import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../ports.ts';

/** How long encoding may hold up everything else at a time. */
const SLICE_MS = 1;

/** Maps items while others have their turn in between. What comes out as null is left out. */
export async function mapInSlices<From, To>(
  items: readonly From[],
  map: (item: From) => To | null,
  clock: Clock,
): Promise<To[]> {
  const mapped: To[] = [];
  let untilMs = clock.elapsedMs() + SLICE_MS;
  for (const item of items) {
    if (clock.elapsedMs() >= untilMs) {
      await nextTurn();
      untilMs = clock.elapsedMs() + SLICE_MS;
    }
    const one = map(item);
    if (one !== null) mapped.push(one);
  }
  return mapped;
}
