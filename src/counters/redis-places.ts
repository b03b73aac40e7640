import type { Limit } from '../domain/limits/limit.ts';
import { calendarSpan } from '../domain/limits/window.ts';
import { ROLLING_PARTS } from './rolling-count.ts';

/**
 * A counter as the script takes it: `h` concurrency; `s` a window with its first and its end in milliseconds, both 0 for
 * all time; `r` a rolling window with its length.
 */
export interface Span {
  readonly kind: 'h' | 's' | 'r';
  readonly a: number;
  readonly b: number;
}

/** Where something was counted: the start of its window, or its part of a rolling one. */
export interface Place extends Span {
  readonly position: number;
}

/** @param nowMs by the clock of Redis */
export function spanOf({ window }: Limit, nowMs: number): Span {
  switch (window.kind) {
    case 'none':
      return { kind: 'h', a: 0, b: 0 };
    case 'forever':
      return { kind: 's', a: 0, b: 0 };
    case 'rolling':
      return { kind: 'r', a: window.seconds * 1000, b: 0 };
    case 'calendar': {
      const { startMs, endMs } = calendarSpan(window.unit, window.count, nowMs);
      return { kind: 's', a: startMs, b: endMs };
    }
  }
}

/** @param position as the script gave it */
export function placeAt(limit: Limit, position: number, nowMs: number): Place {
  const span = limit.window.kind === 'calendar' ? spanOf(limit, position) : spanOf(limit, nowMs);
  return { ...span, position };
}

/** Where it would be counted now, for what Redis was not heard of. */
export function placeNow(limit: Limit, nowMs: number): Place {
  const span = spanOf(limit, nowMs);
  return { ...span, position: span.kind === 'r' ? Math.floor((nowMs * ROLLING_PARTS) / span.a) : span.a };
}

/** Since when use counts: what a counter that is new has to ask the ledger for. */
export function sinceMs(limit: Limit, nowMs: number): number {
  const { kind, a } = spanOf(limit, nowMs);
  return kind === 'r' ? nowMs - a : a;
}
