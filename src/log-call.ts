import { isIP } from 'node:net';
import type { Log } from './ports.ts';
import type { Call } from './proxy/call.ts';

/** A line for every call that did not go its way; where that is wanted for the others too, else at the debug level. */
export function logCall(call: Call, log: Log, { accessLog }: { readonly accessLog: boolean }): void {
  const { refusal } = call;
  if (refusal?.kind === 'internalError') {
    log.error({ ...factsOf(call), err: refusal.cause }, 'request failed inside the gateway');
  } else if (refusal !== null) {
    const { kind, message, cause } = refusal;
    log.info({ ...factsOf(call), refusal: kind, reason: message, err: cause }, 'request refused');
  } else if (call.outcome === 'broken') log.warn({ ...factsOf(call), err: call.fault }, 'answer cut short');
  else if (accessLog) log.info(factsOf(call), 'request finished');
  else log.debug(factsOf(call), 'request finished');
}

/** Without path and query, in which clients put what nobody should read. */
function factsOf(call: Call): object {
  return {
    requestId: call.id,
    awsRequestId: call.awsRequestId,
    keyId: call.caller?.kind === 'key' ? call.caller.keyId : null,
    clientAddress: addressOf(call),
    method: call.method,
    operation: call.operation === null ? null : `${call.operation.service}:${call.operation.name}`,
    region: call.region,
    status: call.status,
    outcome: call.outcome,
    durationMs: Math.round(call.durationMs),
    responseBytes: call.responseBytes,
  };
}

/** What a proxy passes on as an address may be any text. */
function addressOf({ clientAddress }: Call): string | null {
  return clientAddress !== null && isIP(clientAddress) !== 0 ? clientAddress : null;
}
