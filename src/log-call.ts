import type { Log } from './ports.ts';
import type { Call } from './proxy/call.ts';

/** One line for every call that did not go its way; all of them at the debug level. */
export function logCall(call: Call, log: Log): void {
  const facts = {
    requestId: call.id,
    awsRequestId: call.awsRequestId,
    operation: call.operation === null ? null : `${call.operation.service}:${call.operation.name}`,
    region: call.region,
    status: call.status,
    outcome: call.outcome,
    durationMs: Math.round(call.durationMs),
  };
  if (call.refusal !== null) {
    const { kind, message, cause } = call.refusal;
    log.info({ ...facts, refusal: kind, reason: message, err: cause }, 'request refused');
  } else if (call.outcome === 'broken') log.warn({ ...facts, err: call.fault }, 'answer cut short');
  else log.debug(facts, 'request finished');
}
