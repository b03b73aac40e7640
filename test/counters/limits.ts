import type { Charge } from '../../src/domain/limits/charges.ts';
import { type Limit, type LimitKind, makeLimit } from '../../src/domain/limits/limit.ts';
import type { LimitWindow } from '../../src/domain/limits/window.ts';

let made = 0;

/** A hard limit on a key of its own. */
export function limitOf(kind: LimitKind, max: number, window: LimitWindow, more: Partial<Limit> = {}): Limit {
  made += 1;
  return makeLimit({ kind, max, window, scope: { kind: 'key', id: `key_${made}` }, ...more });
}

export const FOREVER: LimitWindow = { kind: 'forever' };
export const DAY: LimitWindow = { kind: 'calendar', unit: 'day', count: 1 };
export const NONE: LimitWindow = { kind: 'none' };

export function rolling(seconds: number): LimitWindow {
  return { kind: 'rolling', seconds };
}

export function chargeOf(limit: Limit, amount: number): Charge {
  return { limit, max: limit.max, amount };
}
