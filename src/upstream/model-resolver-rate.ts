import { LRUCache } from 'lru-cache';

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

export interface RateOptions {
  readonly perSecond: number;
  readonly burst: number;
  /** Holders that are remembered. Who is forgotten starts anew with a whole burst. */
  readonly holdersMax: number;
}

/** A token bucket for each holder. @returns false, and takes nothing, where `count` tokens are not there. */
export function createRate({ perSecond, burst, holdersMax }: RateOptions) {
  const buckets = new LRUCache<string, Bucket>({ max: holdersMax });
  return (holder: string, count: number, nowMs: number): boolean => {
    const { tokens, atMs } = buckets.get(holder) ?? { tokens: burst, atMs: nowMs };
    const filled = Math.min(burst, tokens + ((nowMs - atMs) / 1000) * perSecond);
    const isEnough = filled >= count;
    buckets.set(holder, { tokens: isEnough ? filled - count : filled, atMs: nowMs });
    return isEnough;
  };
}
