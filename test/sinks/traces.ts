import type { CallTrace } from '../../src/domain/sink-event.ts';

/** Of a call that was sent nowhere, by a client without a trace. */
export const NO_TRACE: CallTrace = { targetOrigin: null, pace: null, awsErrorType: null, traceParent: null };

export const TRACE_PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

/** With a value in every field that a call which went well has. */
export const FULL_TRACE: CallTrace = {
  targetOrigin: 'https://bedrock-runtime.us-east-1.amazonaws.com',
  pace: { chunks: 42, longestPauseMs: 87.5 },
  awsErrorType: null,
  traceParent: TRACE_PARENT,
};
