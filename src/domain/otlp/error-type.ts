import type { CallRecord } from '../call-record.ts';

/**
 * How a call failed, as `error.type`; null for one that did not: our kind of refusal, the status AWS answered with, or how
 * the answer ended: `broken`, `abandoned` (the client left), `unknown`.
 */
export function errorType({ refusal, status, outcome }: CallRecord): string | null {
  if (refusal !== null) return refusal;
  if (outcome !== 'completed') return outcome;
  return status !== null && status >= 400 ? String(status) : null;
}
