import type { SinkEvent } from '../domain/sink-event.ts';

/** What every name in a sample is: nobody takes it for a call of theirs. */
const NAME = 'outcrop-sink-test';

/** A call that never was, for trying a sink: one token, which costs nothing. */
export function sampleSinkEvent(id: string, startedAtMs: number): SinkEvent {
  return {
    record: {
      id,
      startedAtMs,
      durationMs: 120,
      firstByteMs: 80,
      attribution: {
        keyId: NAME,
        keyAlias: NAME,
        teamId: NAME,
        userId: NAME,
        customerId: NAME,
        sessionId: null,
        tags: [NAME],
      },
      service: 'bedrock-runtime',
      operation: 'Converse',
      operationKind: 'invoke',
      modelId: NAME,
      otherModels: [],
      region: 'us-east-1',
      status: 200,
      outcome: 'completed',
      refusal: null,
      awsRequestId: null,
      clientAddress: null,
      userAgent: null,
      requestBytes: 0,
      responseBytes: 0,
      usage: {
        lines: [{ unit: 'inputTokens', quantity: 1, modelId: null, variant: null }],
        source: 'answer',
        complete: true,
        serviceTier: null,
        latencyOptimized: false,
      },
      cost: { kind: 'known', nanos: 0n },
      priceVersion: null,
      reservedNanos: 0n,
    },
    trace: { targetOrigin: null, pace: null, awsErrorType: null, traceParent: null },
    content: null,
  };
}

/** The same for sinks that only hear of what went wrong. */
export function brokenSample(event: SinkEvent): SinkEvent {
  return { ...event, record: { ...event.record, outcome: 'broken' } };
}
