import type { Caller } from '../domain/caller.ts';
import type { Operation } from '../domain/operations/operation.ts';
import type { ContentReader } from '../domain/content/content-reader.ts';
import type { Refusal } from '../domain/errors.ts';
import type { StreamPace } from '../domain/sink-event.ts';
import type { MeteredCall, Settled } from './metered-call.ts';

/** How a call ended, seen from the client. `broken`: cut after the first byte; `abandoned`: the client left before the end. */
export type Outcome = 'completed' | 'refused' | 'broken' | 'abandoned';

/** What is known of one request while it is worked on. Opened once, closed once, however it ends. */
export interface Call {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** On the clock that never goes back. */
  readonly startedMs: number;
  readonly method: string;
  readonly clientAddress: string | null;
  readonly userAgent: string | null;
  /** The trace its client is in, where that is wanted. */
  readonly traceParent: string | null;
  caller: Caller | null;
  operation: Operation | null;
  region: string | null;
  /** Scheme, host and port it was sent to. */
  targetOrigin: string | null;
  /** Status the client got, once it got one. */
  status: number | null;
  /** Bedrock's own request id. */
  awsRequestId: string | null;
  /** What Bedrock called its error, where it answered with one. */
  awsErrorType: string | null;
  outcome: Outcome | null;
  refusal: Refusal | null;
  /** What went wrong after the answer had begun. For the log. */
  fault: unknown;
  durationMs: number;
  /** From the start to the head of Bedrock's answer. */
  firstByteMs: number | null;
  requestBytes: number;
  /** Of Bedrock's answer, read or not. */
  responseBytes: number;
  /** Of an answer that is an event stream, as it stands. */
  pace: StreamPace | null;
  /** Null until it is admitted. */
  metered: MeteredCall | null;
  /** What was asked and answered, where that is recorded. */
  content: { readonly request: string | null; readonly reader: ContentReader } | null;
  /** Null until it is over for Bedrock. */
  settled: Settled | null;
  /** What the call holds of the gateway's bounds until it is closed. */
  heldBodyBytes: number;
  heldRequestSlots: number;
}
