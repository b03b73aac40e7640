/** The time of a signature: ISO 8601 basic format in seconds, `20261101T093000Z`. */
export function amzDateOf(timeMs: number): string {
  const iso = new Date(timeMs).toISOString();
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
}

/** `amzDateOf` that keeps the last second it wrote, since under load most requests share it with the one before. */
export function createAmzDates(): (timeMs: number) => string {
  let keptSecond = Number.NaN;
  let kept = '';
  return (timeMs) => {
    const second = Math.floor(timeMs / 1000);
    if (second !== keptSecond) {
      kept = amzDateOf(timeMs);
      keptSecond = second;
    }
    return kept;
  };
}

const FORM = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** @returns milliseconds since the epoch, or null for another form and for a day or time that does not exist. */
export function amzDateMs(text: string): number | null {
  const match = FORM.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second] = match.map(Number);
  const timeMs = Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second);
  return amzDateOf(timeMs) === text ? timeMs : null;
}
