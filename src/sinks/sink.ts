import type { Alert } from '../domain/alert.ts';
import type { AwsCredentials } from '../domain/aws/sigv4/sign.ts';
import type { SinkEvent } from '../domain/sink-event.ts';
import type { Clock } from '../ports.ts';
import type { SinkHttp } from './http.ts';

/** What a receiver said of a batch: places in it. Whatever is in neither list has been taken. */
export interface BatchResult {
  /** Not taken this time: to be sent once more. */
  readonly again: readonly number[];
  /** Never to be taken. */
  readonly refused: readonly number[];
  /** One line without a secret, where something was not taken. */
  readonly reason: string | null;
}

export const ALL_TAKEN: BatchResult = { again: [], refused: [], reason: null };

interface AnySink {
  /** Where its receiver listens, so that it can be tried at start; null where there is nothing to try. */
  readonly reaches: URL | null;
  /** What is tried at start beside that. @throws DeliveryFault */
  tryOut?(): Promise<void>;
  close?(): Promise<void>;
}

/** A sink whose calls become lines of text: in memory or on the disk, all the same to it. */
export interface LineSink extends AnySink {
  readonly kind: 'lines';
  /** One call as text, without I/O; null for one that is none of its business. */
  encode(event: SinkEvent): string | null;
  /** @throws DeliveryFault where the batch as a whole was not taken */
  deliver(lines: readonly string[], signal: AbortSignal): Promise<BatchResult>;
}

/** A sink that looks at whole batches of calls; they wait in memory. */
export interface EventSink extends AnySink {
  readonly kind: 'events';
  /** @throws DeliveryFault */
  deliver(events: readonly SinkEvent[], signal: AbortSignal): Promise<BatchResult>;
}

/** A sink for what operators should hear of. */
export interface AlertSink extends AnySink {
  readonly kind: 'alerts';
  /** @throws DeliveryFault */
  deliver(alerts: readonly Alert[], signal: AbortSignal): Promise<BatchResult>;
}

export type Sink = LineSink | EventSink | AlertSink;

/** All that sinks need from outside. */
export interface SinkContext {
  /** Of the sink, as configured. */
  readonly name: string;
  readonly clock: Clock;
  /** From 0 to 1, as `Math.random`. */
  readonly random: () => number;
  readonly http: SinkHttp;
  /** How long a receiver may take for an answer: for sinks that do not speak HTTP. */
  readonly requestTimeoutMs: number;
  /** The gateway's own AWS credentials. */
  readonly awsCredentials: () => Promise<AwsCredentials>;
  /** Folder of everything the gateway keeps. */
  readonly dataDir: string;
  /** Writes to standard output; resolves when it has been taken. */
  readonly stdout: (text: string) => Promise<void>;
}
