import type { SinkHttpAnswer } from './http.ts';

/** Why a receiver did not take a batch: one line without a secret. */
export class DeliveryFault extends Error {
  override readonly name = 'DeliveryFault';
  /** `refused`: sending the same once more is no use. */
  readonly verdict: 'again' | 'refused';
  /** How long the receiver wants to be left alone. */
  readonly retryAfterMs: number | null;

  constructor(verdict: 'again' | 'refused', message: string, retryAfterMs: number | null = null) {
    super(message);
    this.verdict = verdict;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * What makes the same request fail for ever: it is malformed, too large, or of a type that is not taken. Whatever an
 * operator can mend at the receiver (401, 403, 404) is worth another try.
 */
const REFUSED: ReadonlySet<number> = new Set([400, 413, 415, 422]);

const RETRY_AFTER_MS_MAX = 300_000;

/** @throws DeliveryFault for an answer that is no success */
export function requireSuccess(answer: SinkHttpAnswer, nowMs: number): void {
  if (isSuccess(answer)) return;
  throw answerFault(answer, nowMs);
}

export function isSuccess({ status }: SinkHttpAnswer): boolean {
  return status >= 200 && status < 300;
}

/** What the receiver answered is not part of it: it may repeat what it was sent, keys included. */
export function answerFault({ status, retryAfter }: SinkHttpAnswer, nowMs: number): DeliveryFault {
  const verdict = REFUSED.has(status) ? 'refused' : 'again';
  return new DeliveryFault(verdict, `it answered ${status}`, retryAfterMs(retryAfter, nowMs));
}

/** RFC 9110, 10.2.3: seconds or a date. @returns null for anything else; never more than five minutes */
export function retryAfterMs(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  const text = value.trim();
  const waitMs = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? null : Math.min(Math.max(0, waitMs), RETRY_AFTER_MS_MAX);
}
