/**
 * As much of a text, from its beginning, as can be written in so many bytes.
 * @param write how it is written: escaped, quoted, with a mark that it was cut. It must not get shorter with a longer text.
 */
export function cutTo(text: string, bytesMax: number, write: (part: string) => string): string {
  let fits = 0;
  let tooLong = Math.min(text.length, bytesMax) + 1;
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (Buffer.byteLength(write(wholeChars(text, middle))) <= bytesMax) fits = middle;
    else tooLong = middle;
  }
  return write(wholeChars(text, fits));
}

/** Never half of a surrogate pair. */
function wholeChars(text: string, length: number): string {
  const part = text.slice(0, length);
  return /[\ud800-\udbff]$/.test(part) ? part.slice(0, -1) : part;
}
