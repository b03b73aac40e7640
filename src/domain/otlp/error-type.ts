import type { SeenCall } from '../sink-event.ts';

/**
 * How a call failed, as `error.type`; null for one that did not: our kind of refusal, AWS's exception, the status of an
 * answer without one, or how the answer ended: `broken`, `abandoned` (the client left), `unknown`.
 */
export function errorType({ record, trace }: SeenCall): string | null {
  const { refusal, status, outcome } = record;
  if (refusal !== null) return refusal;
  if (trace.awsErrorType !== null) return trace.awsErrorType;
  if (outcome !== 'completed') return outcome;
  return status !== null && status >= 400 ? String(status) : null;
}
