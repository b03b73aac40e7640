import type { JsonObject } from './json.ts';
import { numberAt } from './json.ts';

/** How fast and how long answers are. */
export interface Pace {
  /** From the end of the request to the answer's headers. */
  readonly delayMs: number;
  /** Between two frames of a stream; 0 sends them as fast as they are taken. */
  readonly intervalMs: number;
  /** How many pieces the text of a stream comes in. Undefined: word by word. */
  readonly chunks?: number;
  /** The length of each such piece. Only meaningful together with `chunks`. */
  readonly textBytes?: number;
  /** Whether each piece of such a text begins with the time it was made, in ms since the epoch with a fraction. */
  readonly stamped?: boolean;
}

export const UNPACED: Pace = { delayMs: 0, intervalMs: 0 };

// A stream of a day at ten frames a second; beyond that a number is a slip.
const CHUNKS_MAX = 1_000_000;
const TEXT_BYTES_MAX = 1_000_000;
const WAIT_MS_MAX = 600_000;

/** The pace with what a JSON object says about it changed; what it does not name stays. Numbers are held within bounds. */
export function adjustPace(pace: Pace, changes: JsonObject): Pace {
  const chunks = numberAt(changes, 'chunks') ?? pace.chunks;
  const textBytes = numberAt(changes, 'textBytes') ?? pace.textBytes;
  const stamped = typeof changes['stamped'] === 'boolean' ? changes['stamped'] : pace.stamped;
  return {
    delayMs: Math.min(numberAt(changes, 'delayMs') ?? pace.delayMs, WAIT_MS_MAX),
    intervalMs: Math.min(numberAt(changes, 'intervalMs') ?? pace.intervalMs, WAIT_MS_MAX),
    ...(chunks === undefined ? {} : { chunks: Math.min(Math.floor(chunks), CHUNKS_MAX) }),
    ...(textBytes === undefined ? {} : { textBytes: Math.min(Math.floor(textBytes), TEXT_BYTES_MAX) }),
    ...(stamped === undefined ? {} : { stamped }),
  };
}
