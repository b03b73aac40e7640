/** A count for people: `85,000`. */
export function countText(count: number): string {
  return grouped(String(count));
}

const NANO_DIGITS = 9;

/**
 * An amount for people: `$1.20`, `$0.0004`. At least two decimals, and as many more as it takes to show two digits that
 * are not zero; the rest is rounded.
 */
export function dollarsText(nanos: number): string {
  const dollars = nanos / 10 ** NANO_DIGITS;
  const magnitude = dollars === 0 ? 0 : Math.floor(Math.log10(Math.abs(dollars)));
  const decimals = Math.min(NANO_DIGITS, Math.max(2, 1 - magnitude));
  const [whole = '', fraction = ''] = dollars.toFixed(decimals).split('.');
  return `$${grouped(whole)}.${fraction}`;
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(?:\d{3})+$)/g, ',');
}
