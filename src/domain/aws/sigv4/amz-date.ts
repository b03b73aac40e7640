import { remember } from '../../remember.ts';

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

const FORM = /^\d{8}T\d{6}Z$/;

/**
 * As many texts as there are seconds within the five minutes that a signature holds before and after.
 * @returns milliseconds since the epoch, or null for another form and for a day or time that does not exist.
 */
export const amzDateMs = remember(readAmzDate, { textsMax: 600, textLengthMax: 16 });

function readAmzDate(text: string): number | null {
  if (!FORM.test(text)) return null;
  const year = Number(text.slice(0, 4));
  const month = Number(text.slice(4, 6));
  const day = Number(text.slice(6, 8));
  const hour = Number(text.slice(9, 11));
  const minute = Number(text.slice(11, 13));
  const second = Number(text.slice(13, 15));
  if (hour > 23 || minute > 59 || second > 59) return null;

  // A day that the month does not have becomes one of the next month, a year before 100 one of the 20th century.
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const exists = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists ? date.getTime() : null;
}
