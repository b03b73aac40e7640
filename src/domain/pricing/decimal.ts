/** A number kept as it was written: `digits` × 10^-`decimals`, nothing rounded. Never negative. */
export interface Decimal {
  readonly digits: bigint;
  readonly decimals: number;
}

const NUMBER = /^(\d{1,30})(?:\.(\d{1,30}))?(?:[eE]([+-]?\d{1,2}))?$/;

/** Reads a decimal number. Null for anything else, also for one below zero. */
export function parseDecimal(text: string): Decimal | null {
  const [, whole, fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  if (whole === undefined) return null;
  const digits = BigInt(whole + fraction);
  const decimals = fraction.length - Number(exponent);
  return shortest(decimals < 0 ? { digits: digits * 10n ** BigInt(-decimals), decimals: 0 } : { digits, decimals });
}

/** The shortest way to write it, without an exponent. */
export function decimalText(value: Decimal): string {
  const { digits, decimals } = shortest(value);
  if (decimals === 0) return digits.toString();
  const text = digits.toString().padStart(decimals + 1, '0');
  return `${text.slice(0, -decimals)}.${text.slice(-decimals)}`;
}

/** What one costs where so many (a power of ten) cost `value`. */
export function dividedByPowerOfTen(value: Decimal, power: number): Decimal {
  return shortest({ digits: value.digits, decimals: value.decimals + power });
}

export function multiplied(a: Decimal, b: Decimal): Decimal {
  return shortest({ digits: a.digits * b.digits, decimals: a.decimals + b.decimals });
}

/** How many 10^-`decimals` it is. @throws RangeError when that is no whole number: money is never rounded on the way. */
export function inUnitsOf(value: Decimal, decimals: number): bigint {
  const exact = shortest(value);
  if (exact.decimals > decimals) throw new RangeError(`${decimalText(exact)} has more than ${decimals} decimals`);
  return exact.digits * 10n ** BigInt(decimals - exact.decimals);
}

function shortest({ digits, decimals }: Decimal): Decimal {
  if (digits === 0n) return { digits, decimals: 0 };
  let rest = digits;
  let places = decimals;
  while (places > 0 && rest % 10n === 0n) {
    rest /= 10n;
    places -= 1;
  }
  return { digits: rest, decimals: places };
}
