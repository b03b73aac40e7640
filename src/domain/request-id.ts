/**
 * A UUID of version 7 (RFC 9562, 5.7): the time in milliseconds, then chance. Ids of one time stand together, which keeps
 * the index of a table of calls small and warm.
 * @param random a UUID of version 4, for its random part.
 */
export function requestIdOf(nowMs: number, random: string): string {
  const time = nowMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`;
}
