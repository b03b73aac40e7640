import type { CallRecord, CallStart } from '../../src/domain/call-record.ts';
import type { Usage, UsageUnit } from '../../src/domain/usage/usage.ts';

/** 2026-11-22 12:00:00 UTC. */
export const NOON_MS = Date.UTC(2026, 10, 22, 12);

/** A UUIDv7 that is the same for the same arguments. */
export function callId(index: number, timeMs: number = NOON_MS): string {
  const time = timeMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${index.toString(16).padStart(12, '0')}`;
}

export function usageOf(...quantities: readonly (readonly [unit: UsageUnit, quantity: number])[]): Usage {
  return {
    lines: quantities.map(([unit, quantity]) => ({ unit, quantity, modelId: null, variant: null })),
    source: 'answer',
    complete: true,
    serviceTier: null,
    latencyOptimized: false,
  };
}

export function sampleStart(index: number, facts: Partial<CallStart> = {}): CallStart {
  return {
    id: callId(index),
    startedAtMs: NOON_MS + index,
    attribution: {
      keyId: 'key_a',
      keyAlias: 'alias',
      teamId: 'team_a',
      userId: 'user_a',
      customerId: null,
      sessionId: null,
      tags: [],
    },
    service: 'bedrock-runtime',
    operation: 'Converse',
    operationKind: 'invoke',
    modelId: 'us.amazon.nova-lite-v1:0',
    otherModels: [],
    region: 'us-east-1',
    reservedNanos: 2_000_000n,
    ...facts,
  };
}

/** How the call of the same index ended: 1,000 tokens in and 100 out for a thousandth of a dollar and `index` nanos. */
export function sampleRecord(index: number, facts: Partial<CallRecord> = {}): CallRecord {
  return {
    ...sampleStart(index),
    durationMs: 500,
    firstByteMs: 100,
    status: 200,
    outcome: 'completed',
    refusal: null,
    awsRequestId: `aws-${index}`,
    clientAddress: '127.0.0.1',
    userAgent: 'test',
    requestBytes: 1024,
    responseBytes: 2048,
    usage: usageOf(['inputTokens', 1000], ['outputTokens', 100]),
    cost: { kind: 'known', nanos: 1_000_000n + BigInt(index) },
    priceVersion: 'v1',
    ...facts,
  };
}

export function sampleRecords(count: number, from = 0): readonly CallRecord[] {
  return Array.from({ length: count }, (_, index) => sampleRecord(from + index));
}
