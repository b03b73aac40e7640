import type { CallContent } from './call-content.ts';
import type { CallRecord } from './call-record.ts';

/** How the events of a streamed answer followed each other. */
export interface StreamPace {
  /** Whole events that came. */
  readonly chunks: number;
  /**
   * Between two of them, in milliseconds, as they reached the gateway; null where there were not two. A client that reads
   * slowly is part of it, since Bedrock is not read faster than the client reads.
   */
  readonly longestPauseMs: number | null;
}

/** What was seen of a call on its way, for who looks at single calls. The ledger does not keep it. */
export interface CallTrace {
  /** Scheme, host and port it was sent to, reached or not; null where it was sent nowhere. */
  readonly targetOrigin: string | null;
  /** Null where the answer was no event stream. */
  readonly pace: StreamPace | null;
  /**
   * What AWS called its error: the exception that an answer from 400 on names, or the one that ended a stream; null where
   * there was none, or none that was named.
   */
  readonly awsErrorType: string | null;
  /** The trace its client is in, as `traceParentOf` gives it. */
  readonly traceParent: string | null;
}

/** A call without its content. */
export type SeenCall = Pick<SinkEvent, 'record' | 'trace'>;

/** What every sink is given of a call: its record, what was seen on its way and, where that is switched on, what was asked and answered. */
export interface SinkEvent {
  readonly record: CallRecord;
  readonly trace: CallTrace;
  readonly content: CallContent | null;
}
