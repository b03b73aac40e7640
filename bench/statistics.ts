/** Small statistics over what the rounds measured. */

/** The middle value; of an even number of values the mean of the two in the middle. NaN when there is none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)] ?? Number.NaN;
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** The value below which a share of all values lies (nearest rank). @param share from 0 to 1. */
export function percentile(values: Float64Array, share: number): number {
  const sorted = values.toSorted();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

const BUCKETS_PER_MS = 20;
const HISTOGRAM_MS_MAX = 20_000;

/** Counts delays in buckets of 50 µs, since a run has more of them than one wants to keep. */
export class DelayHistogram {
  readonly #buckets = new Uint32Array(BUCKETS_PER_MS * HISTOGRAM_MS_MAX);
  #count = 0;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  /** Delays beyond 20 s count as 20 s; those below zero, which two clocks may give, as zero. */
  add(delayMs: number): void {
    const bucket = Math.min(Math.max(0, Math.floor(delayMs * BUCKETS_PER_MS)), this.#buckets.length - 1);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count += 1;
    if (delayMs > this.#maxMs) this.#maxMs = delayMs;
  }

  /** The upper edge of the bucket that holds the percentile. @param share from 0 to 1. */
  percentileMs(share: number): number {
    const rank = Math.ceil(share * this.#count);
    let seen = 0;
    for (const [bucket, count] of this.#buckets.entries()) {
      seen += count;
      if (seen >= rank) return (bucket + 1) / BUCKETS_PER_MS;
    }
    return Number.NaN;
  }
}
