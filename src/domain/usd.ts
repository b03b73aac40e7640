import { decimalText, inUnitsOf, parseDecimal } from './pricing/decimal.ts';

const NANO_DECIMALS = 9;

/** Nano-dollars as dollars, exact and as short as it gets: `0.00425`, `-12`. */
export function usdText(nanos: bigint): string {
  if (nanos < 0n) return `-${usdText(-nanos)}`;
  return decimalText({ digits: nanos, decimals: NANO_DECIMALS });
}

/** The number nearest to an amount, for clients that know money as JSON numbers only. Exact below 9 million dollars. */
export function usdNumber(nanos: bigint): number {
  return Number(usdText(nanos));
}

/** The nano-dollars of what `usdText` has written; null for any other text. */
export function nanosOfUsd(text: string): bigint | null {
  if (text.startsWith('-')) {
    const nanos = nanosOfUsd(text.slice(1));
    return nanos === null ? null : -nanos;
  }
  const amount = parseDecimal(text);
  return amount === null || amount.decimals > NANO_DECIMALS ? null : inUnitsOf(amount, NANO_DECIMALS);
}
