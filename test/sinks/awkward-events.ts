import type { SinkEvent } from '../../src/domain/sink-event.ts';
import { sampleRecord, usageOf } from '../ledger/sample-calls.ts';
import { FULL_TRACE, NO_TRACE } from './traces.ts';

/** Calls with what is seldom or awkward: nothing known, everything known, text that JSON, HTTP and headers stumble over. */
export const AWKWARD_EVENTS: readonly SinkEvent[] = [
  { record: sampleRecord(0), trace: FULL_TRACE, content: null },
  {
    record: sampleRecord(1, {
      attribution: {
        keyId: 'key_b',
        keyAlias: 'Ünïcødé "quoted" \\ / 🦙',
        teamId: 'team/../a b=c&d',
        userId: null,
        customerId: 'customer\u2028\u2029<script>',
        sessionId: 'session_1',
        tags: ['a,b', 'env:prod', 'ü'],
      },
      durationMs: 1234.5678,
      usage: {
        ...usageOf(['inputTokens', 5], ['cacheReadTokens', 7], ['cacheWrite1hTokens', 11], ['outputSpeechTokens', 13]),
        serviceTier: 'flex',
        latencyOptimized: true,
      },
      cost: { kind: 'known', nanos: 123_456_789_012_345n },
    }),
    trace: {
      targetOrigin: 'http://[::1]:8080',
      pace: { chunks: 0, longestPauseMs: null },
      awsErrorType: null,
      traceParent: null,
    },
    content: { request: '{"messages":[{"text":"zeilen\\numbruch"}]}\n\r\t\0', response: 'answer ✓ \ud83e\udd99' },
  },
  {
    record: sampleRecord(2, {
      attribution: {
        keyId: null,
        keyAlias: null,
        teamId: null,
        userId: null,
        customerId: null,
        sessionId: null,
        tags: [],
      },
      firstByteMs: null,
      service: null,
      operation: null,
      operationKind: null,
      modelId: null,
      region: null,
      status: 403,
      outcome: 'refused',
      refusal: 'accessDenied',
      awsRequestId: null,
      clientAddress: null,
      userAgent: null,
      usage: { lines: [], source: 'free', complete: true, serviceTier: null, latencyOptimized: false },
      cost: { kind: 'known', nanos: 0n },
      priceVersion: null,
      reservedNanos: 0n,
    }),
    trace: NO_TRACE,
    content: null,
  },
  {
    record: sampleRecord(3, {
      status: null,
      outcome: 'broken',
      usage: { ...usageOf(['inputTokens', 3]), source: 'unknown', complete: false },
      cost: { kind: 'unknown', missing: 'no price of model "x"' },
    }),
    trace: {
      targetOrigin: 'http://bedrock.internal',
      pace: { chunks: 2, longestPauseMs: 0 },
      awsErrorType: 'modelStreamErrorException',
      traceParent: '00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-ff',
    },
    content: { request: 'x'.repeat(70_000), response: null },
  },
];
