import { decimalText, inUnitsOf, parseDecimal } from './pricing/decimal.ts';

const NANO_DECIMALS = 9;

/** Nano-dollars as dollars, exact and as short as it gets: `0.00425`, `-12`. */
export function usdText(nanos: bigint): string {
  if (nanos < 0n) return `-${usdText(-nanos)}`;
  return decimalText({ digits: nanos, decimals: NANO_DECIMALS });
}

/**
 * The number nearest to an amount, for clients that know money as JSON numbers only. It holds 15 digits: all of them
 * below a million dollars.
 */
export function usdNumber(nanos: bigint): number {
  return Number(usdText(nanos));
}

/** The nano-dollars of what `usdText` has written; null for any other text. */
export function nanosOfUsd(text: string): bigint | null {
  const isNegative = text.startsWith('-');
  const amount = parseDecimal(isNegative ? text.slice(1) : text);
  if (amount === null || amount.decimals > NANO_DECIMALS) return null;
  const nanos = inUnitsOf(amount, NANO_DECIMALS);
  return isNegative ? -nanos : nanos;
}
