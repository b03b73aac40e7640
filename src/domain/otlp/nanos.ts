/** Milliseconds since the epoch as nanoseconds, exact to the microsecond. */
export function nanosOf(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n;
}
