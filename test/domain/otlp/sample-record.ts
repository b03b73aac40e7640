import type { CallRecord } from '../../../src/domain/call-record.ts';
import type { SeenCall } from '../../../src/domain/sink-event.ts';
import type { UsageLine, UsageUnit } from '../../../src/domain/usage/usage.ts';

export function usageLine(unit: UsageUnit, quantity: number, modelId: string | null = null): UsageLine {
  return { unit, quantity, modelId, variant: null };
}

/** A call with a value in every field, and whatever a test wants else. */
export function sampleRecord(changes: Partial<CallRecord> = {}): CallRecord {
  return {
    id: '0198c5a0-1234-7abc-8def-0123456789ab',
    startedAtMs: 1_764_000_000_000,
    durationMs: 1234.5678,
    firstByteMs: 250.5,
    attribution: {
      keyId: 'key-1',
      keyAlias: 'my-app',
      teamId: 'team-1',
      userId: 'user-1',
      customerId: 'customer-1',
      sessionId: 'session-1',
      tags: ['blue', 'grün'],
    },
    service: 'bedrock-runtime',
    operation: 'ConverseStream',
    operationKind: 'invoke',
    modelId: 'us.anthropic.claude-sonnet-4-20250514-v1:0',
    otherModels: [],
    region: 'us-east-1',
    status: 200,
    outcome: 'completed',
    refusal: null,
    awsRequestId: '3b1f0a52-8a0a-4a4f-9a9e-0123456789ab',
    clientAddress: '10.1.2.3',
    userAgent: 'Boto3/1.40.0 md/Botocore#1.40.0 ua/2.1 os/linux#6.1 lang/python#3.12',
    requestBytes: 1234,
    responseBytes: 200_000,
    usage: {
      lines: [
        usageLine('inputTokens', 100),
        usageLine('outputTokens', 50),
        usageLine('cacheReadTokens', 1000),
        usageLine('cacheWrite5mTokens', 30),
        usageLine('cacheWrite1hTokens', 7),
        usageLine('searchQueries', 2),
      ],
      source: 'answer',
      complete: true,
      serviceTier: null,
      latencyOptimized: false,
    },
    cost: { kind: 'known', nanos: 4_250_000n },
    priceVersion: '2026-11-01',
    reservedNanos: 9_000_000n,
    ...changes,
  };
}

/** The same, of which nothing was seen on its way but what AWS called its error. */
export function sampleCall(changes: Partial<CallRecord> = {}, awsErrorType: string | null = null): SeenCall {
  return { record: sampleRecord(changes), trace: { targetOrigin: null, pace: null, awsErrorType, traceParent: null } };
}
