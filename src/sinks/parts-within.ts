export interface PartBounds {
  readonly itemsMax: number;
  readonly bytesMax: number;
  /** What each item costs beside its own bytes. */
  readonly bytesEach?: number;
}

/** Places of lines in parts that a receiver takes in one request, in order. A line too long for any is alone in one. */
export function partsWithin(
  lines: readonly string[],
  { itemsMax, bytesMax, bytesEach = 0 }: PartBounds,
): readonly (readonly number[])[] {
  const parts: number[][] = [];
  let [part, partBytes]: [number[], number] = [[], 0];
  for (const [place, line] of lines.entries()) {
    const bytes = Buffer.byteLength(line) + bytesEach;
    if (part.length > 0 && (part.length >= itemsMax || partBytes + bytes > bytesMax)) [part, partBytes] = [[], 0];
    if (part.length === 0) parts.push(part);
    part.push(place);
    partBytes += bytes;
  }
  return parts;
}
