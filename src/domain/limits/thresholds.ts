/** Shares of a limit, in percent, that are worth telling. */
export const THRESHOLDS = [50, 80, 95, 100] as const;

export type Threshold = (typeof THRESHOLDS)[number];

/** The highest threshold that has been reached; null below the first, and for a limit of nothing. */
export function thresholdOf(used: number, max: number): Threshold | null {
  if (max <= 0) return null;
  let reached: Threshold | null = null;
  for (const threshold of THRESHOLDS) {
    if (used * 100 >= max * threshold) reached = threshold;
  }
  return reached;
}

export function isThreshold(value: number): value is Threshold {
  return THRESHOLDS.some((threshold) => threshold === value);
}
