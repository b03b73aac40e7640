import { z } from '@hono/zod-openapi';
import { durationMs } from './duration.ts';
import { Problem } from './problem.ts';

export const DAY_MS = 86_400_000;

/** How many days one answer may be about. */
const DAYS_MAX = 366;

/** Milliseconds since the epoch. */
export interface Period {
  readonly fromMs: number;
  /** Exclusive. */
  readonly untilMs: number;
}

const momentText = z.union([z.iso.datetime({ offset: true, local: true }), z.iso.date()]);
/** LiteLLM writes moments with a space in the middle. */
const looseMoment = z.preprocess(
  (value) => (typeof value === 'string' ? value.replace(/^(\d{4}-\d\d-\d\d) (?=\d)/, '$1T') : value),
  momentText,
);

export const startDate = looseMoment
  .transform(momentMs)
  .openapi({ type: 'string', description: 'A date or a moment, ISO 8601; UTC where it says nothing else.' });

export const endDate = looseMoment
  .transform((text) => (isDate(text) ? momentMs(text) + DAY_MS : momentMs(text)))
  .openapi({ type: 'string', description: 'A date, which is included, or a moment, which is not.' });

/** A moment, or how long it is ago. */
type Moment = { readonly kind: 'at'; readonly ms: number } | { readonly kind: 'ago'; readonly ms: number };

export const momentOrAgo = z
  .string()
  .transform((text, context): Moment => {
    const agoMs = durationMs(text);
    if (agoMs !== null) return { kind: 'ago', ms: agoMs };
    const moment = looseMoment.safeParse(text);
    if (moment.success) return { kind: 'at', ms: momentMs(moment.data) };
    context.addIssue({ code: 'custom', message: 'is neither a duration such as 7d nor a date such as 2026-11-22' });
    return z.NEVER;
  })
  .openapi({
    type: 'string',
    description: 'A date, a moment (ISO 8601, UTC), or a duration back from now: 12h, 7d, 3mo.',
  });

export function resolveMoment({ kind, ms }: Moment, nowMs: number): number {
  return kind === 'at' ? ms : nowMs - ms;
}

/** The whole days (UTC) of a period. */
export function wholeDays({ fromMs, untilMs }: Period): Period {
  return { fromMs: dayStartMs(fromMs), untilMs: dayStartMs(untilMs - 1) + DAY_MS };
}

/** The beginnings of the days (UTC) of a period. @throws Problem 422 for none, or too many */
export function daysOf(period: Period, param: string): readonly number[] {
  requireSome(period, param);
  const { fromMs, untilMs } = wholeDays(period);
  const count = (untilMs - fromMs) / DAY_MS;
  if (count > DAYS_MAX) throw new Problem(422, `${param}: is more than ${DAYS_MAX} days after the start.`, { param });
  return Array.from({ length: count }, (_, index) => fromMs + index * DAY_MS);
}

/** @throws Problem 422 */
export function requireSome({ fromMs, untilMs }: Period, param: string): void {
  if (untilMs > fromMs) return;
  throw new Problem(422, `${param}: is not after the start of the period.`, { param });
}

/** `2026-11-22` */
export function dateText(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

function dayStartMs(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS) * DAY_MS;
}

function momentMs(text: string): number {
  return Date.parse(isDate(text) || /(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
}

function isDate(text: string): boolean {
  return !text.includes('T');
}
