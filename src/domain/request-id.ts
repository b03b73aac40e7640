/** The time's first 32 bits, of which a new value comes every 65 seconds, as they stand in an id. */
let known = { high: 0, text: '00000000' };

/**
 * A UUID of version 7 (RFC 9562, 5.7): the time in milliseconds, then chance. Ids of one time stand together, which keeps
 * the index of a table of calls small and warm.
 * @param random a UUID of version 4, for its random part.
 */
export function requestIdOf(nowMs: number, random: string): string {
  const high = Math.floor(nowMs / 0x1_0000);
  if (high !== known.high) known = { high, text: high.toString(16).padStart(8, '0') };
  const low = (nowMs % 0x1_0000).toString(16).padStart(4, '0');
  return `${known.text}-${low}-7${random.slice(15)}`;
}

const FORM = /^([\da-f]{8})-([\da-f]{4})-7/;

/** When an id was made, in milliseconds since the epoch; null for what is none. */
export function requestTimeMs(id: string): number | null {
  const [, high = '', low = ''] = FORM.exec(id) ?? [];
  return high === '' ? null : Number.parseInt(high + low, 16);
}
