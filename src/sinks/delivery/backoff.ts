export interface RetryBounds {
  /** How long the first pause is about, in milliseconds. */
  readonly firstMs: number;
  readonly mostMs: number;
}

const DOUBLINGS_MAX = 30;

/**
 * How long to wait after so many failures in a row: doubled each time, and spread over half of it, so that many gateways
 * that lost the same receiver do not all come back in the same moment.
 * @param failures from 1
 */
export function backoffMs(failures: number, { firstMs, mostMs }: RetryBounds, random: () => number): number {
  const wholeMs = Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, DOUBLINGS_MAX));
  return wholeMs * (0.5 + random() / 2);
}
