import type { CallRecord, CallStart } from '../domain/call-record.ts';
import { UNKNOWN_USAGE } from '../domain/usage/usage.ts';

/**
 * The record of a call whose process died before its end. Bedrock may have charged anything up to what was reserved, so
 * that is its cost; where nothing was reserved for something that costs money, the cost is unknown and not zero.
 */
export function unknownEnd(start: CallStart): CallRecord {
  const { operationKind, reservedNanos } = start;
  const isBounded = reservedNanos > 0n || operationKind === 'read';
  return {
    ...start,
    durationMs: 0,
    firstByteMs: null,
    status: null,
    outcome: 'unknown',
    refusal: null,
    awsRequestId: null,
    clientAddress: null,
    userAgent: null,
    requestBytes: 0,
    responseBytes: 0,
    usage: UNKNOWN_USAGE,
    cost: isBounded
      ? { kind: 'known', nanos: reservedNanos }
      : { kind: 'unknown', missing: 'the end of the call: the process died' },
    priceVersion: null,
  };
}
