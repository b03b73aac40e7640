const FORM = /^(\d{0,30})(?:\.(\d{0,400}))?(?:[eE]([+-]?\d{1,3}))?$/;
const NANO_DIGITS = 9;

/** The largest amount of money a limit can hold, in nano-dollars: a little more than nine million dollars. */
const NANOS_MAX = Number.MAX_SAFE_INTEGER;

/**
 * Reads an amount of dollars as JSON has it, number or text, into nano-dollars. The arithmetic is on decimal digits, so
 * that 0.1 is a hundred million and not nearly that; what is finer than a nano-dollar is rounded half up. An amount that is
 * too small for that is none: as 0 it would allow nothing, which nobody has asked for.
 * @returns null for what is no number, negative, over `NANOS_MAX`, or more than nothing and less than half a nano-dollar.
 */
export function dollarsToNanos(amount: unknown): number | null {
  if (typeof amount !== 'number' && typeof amount !== 'string') return null;
  const match = FORM.exec(String(amount));
  if (match === null) return null;
  const [, whole = '', fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  if (digits === '') return null;
  // Where the point stands once dollars have become nano-dollars.
  const point = whole.length + Number(exponent) + NANO_DIGITS;
  const significant = digits.replace(/^0+/, '');
  if (significant === '') return 0;
  if (point < 0) return null;
  if (point - (digits.length - significant.length) > String(NANOS_MAX).length) return null;
  const kept = BigInt(digits.slice(0, point).padEnd(point, '0') || '0');
  const nanos = (digits[point] ?? '0') >= '5' ? kept + 1n : kept;
  return nanos === 0n || nanos > BigInt(NANOS_MAX) ? null : Number(nanos);
}
