export type CalendarUnit = 'minute' | 'hour' | 'day' | 'week' | 'month';

/**
 * The time over which a limit counts.
 * - `none`: nothing is added up (concurrency);
 * - `forever`: never begins anew;
 * - `calendar`: begins anew at fixed times, in UTC;
 * - `rolling`: what was used in the last so many seconds, at any moment.
 */
export type LimitWindow =
  | { readonly kind: 'none' }
  | { readonly kind: 'forever' }
  | { readonly kind: 'calendar'; readonly unit: CalendarUnit; readonly count: number }
  | { readonly kind: 'rolling'; readonly seconds: number };

/** From the first millisecond of a window to the first that is not in it any more. */
export interface WindowSpan {
  readonly startMs: number;
  readonly endMs: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const UNIT_MS = { minute: MINUTE_MS, hour: 60 * MINUTE_MS, day: DAY_MS, week: 7 * DAY_MS } as const;
/** 1 January 1970 was a Thursday: weeks begin on the Monday after it. */
const FIRST_MONDAY_MS = 4 * DAY_MS;
/** For telling long windows from short ones, not for dates. */
const MONTH_MS = 30 * DAY_MS;

/** `Date.UTC` counts months from 1900 when it is given the year 0. */
const EPOCH_SHIFT = 1900 * 12;

/** Longer than any budget, short enough that dates stay dates. */
const WINDOW_MS_MAX = 3660 * DAY_MS;
const ROLLING_SECONDS_MAX = 366 * 86_400;

/**
 * The calendar window that holds a moment. Windows of several units lie side by side from a fixed beginning: 6 hours
 * from midnight, 3 months are quarters.
 */
export function calendarSpan(unit: CalendarUnit, count: number, nowMs: number): WindowSpan {
  if (unit === 'month') return monthSpan(count, nowMs);
  const lengthMs = UNIT_MS[unit] * count;
  const origin = unit === 'week' ? FIRST_MONDAY_MS : 0;
  const startMs = origin + Math.floor((nowMs - origin) / lengthMs) * lengthMs;
  return { startMs, endMs: startMs + lengthMs };
}

function monthSpan(count: number, nowMs: number): WindowSpan {
  const now = new Date(nowMs);
  const months = now.getUTCFullYear() * 12 + now.getUTCMonth();
  const first = months - (months % count);
  return { startMs: Date.UTC(0, first - EPOCH_SHIFT), endMs: Date.UTC(0, first + count - EPOCH_SHIFT) };
}

/** About how long a window is, in milliseconds; infinite where it never ends, zero where nothing is added up. */
export function windowLengthMs(window: LimitWindow): number {
  switch (window.kind) {
    case 'none':
      return 0;
    case 'forever':
      return Infinity;
    case 'rolling':
      return window.seconds * 1000;
    case 'calendar':
      return (window.unit === 'month' ? MONTH_MS : UNIT_MS[window.unit]) * window.count;
  }
}

/** How long until everything that counts now counts no more, in milliseconds; null where that never happens. */
export function resetsInMs(window: LimitWindow, nowMs: number): number | null {
  if (window.kind === 'rolling') return window.seconds * 1000;
  if (window.kind !== 'calendar') return null;
  return calendarSpan(window.unit, window.count, nowMs).endMs - nowMs;
}

const FORM = /^(rolling:)?([1-9]\d{0,8})(s|m|h|d|w|mo)$/;

/**
 * Reads `30m`, `24h`, `7d`, `1mo`, `rolling:60s` or `forever`. Durations are calendar windows by LiteLLM's rules: 24h and
 * 1d from midnight UTC, 7d from Monday, 30d and 1mo from the first of the month. So that longer ones begin where people
 * expect it, multiples of 30 days are months, 365 days 12 of them, and other multiples of 7 weeks.
 * @returns null for anything else, or when it is longer than ten years.
 */
export function parseWindow(text: string): LimitWindow | null {
  if (text === 'forever') return { kind: 'forever' };
  const [, rolling, digits = '', unit = ''] = FORM.exec(text) ?? [];
  const count = Number(digits);
  if (rolling !== undefined) return rollingWindow(count, unit);
  const window = calendarWindow(count, unit);
  return window === null || windowLengthMs(window) > WINDOW_MS_MAX ? null : window;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

function rollingWindow(count: number, unit: string): LimitWindow | null {
  const seconds = count * (UNIT_SECONDS[unit] ?? Infinity);
  return seconds > ROLLING_SECONDS_MAX ? null : { kind: 'rolling', seconds };
}

function calendarWindow(count: number, unit: string): LimitWindow | null {
  switch (unit) {
    case 's':
      return count % 60 === 0 ? calendarWindow(count / 60, 'm') : rollingWindow(count, 's');
    case 'm':
      return count % 60 === 0 ? calendarWindow(count / 60, 'h') : calendar('minute', count);
    case 'h':
      return count % 24 === 0 ? calendarWindow(count / 24, 'd') : calendar('hour', count);
    case 'd':
      if (count === 365) return calendar('month', 12);
      if (count % 30 === 0) return calendar('month', count / 30);
      return count % 7 === 0 ? calendar('week', count / 7) : calendar('day', count);
    case 'w':
      return calendar('week', count);
    case 'mo':
      return calendar('month', count);
    default:
      return null;
  }
}

function calendar(unit: CalendarUnit, count: number): LimitWindow {
  return { kind: 'calendar', unit, count };
}

const UNIT_LETTERS = { minute: 'm', hour: 'h', day: 'd', week: 'w', month: 'mo' } as const;

/** The window as `parseWindow` reads it; also a part of a counter's name. */
export function windowText(window: LimitWindow): string {
  if (window.kind === 'calendar') return `${window.count}${UNIT_LETTERS[window.unit]}`;
  return window.kind === 'rolling' ? `rolling:${window.seconds}s` : window.kind;
}

/** The window in a sentence: "per day", "in any 60 seconds"; empty where there is nothing to say. */
export function windowPhrase(window: LimitWindow): string {
  switch (window.kind) {
    case 'none':
      return '';
    case 'forever':
      return 'in all';
    case 'rolling':
      return `in any ${window.seconds} seconds`;
    case 'calendar':
      return window.count === 1 ? `per ${window.unit}` : `per ${window.count} ${window.unit}s`;
  }
}
