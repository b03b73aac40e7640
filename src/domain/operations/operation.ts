import type { ServiceId } from './services.ts';

/**
 * What a call does. `read` leaves everything as it is, `write` changes resources, `invoke` is a data-plane call that
 * makes a model, agent, retrieval or tool do work (and is what costs money).
 */
export type OperationKind = 'read' | 'write' | 'invoke';

/** Which directions carry `application/vnd.amazon.eventstream`; `unknown` where no model says. */
type EventStream = 'none' | 'out' | 'both' | 'unknown';

/** One line of the generated table. `bytes`: the answer is a blob that AWS streams, of any content type. */
export type OperationRow = readonly [
  service: ServiceId,
  name: string,
  method: string,
  path: string,
  eventStream: Exclude<EventStream, 'unknown'>,
  headers: readonly string[],
  answer?: 'bytes',
];

/** All that is known about one AWS API call. */
export interface Operation {
  readonly service: ServiceId;
  /** As in the AWS model, e.g. `Converse`; `Unmodelled` for a path the table doesn't know. */
  readonly name: string;
  /** `service:Name`, as grants and tables write it; made once, since it is looked up several times in each request. */
  readonly qualifiedName: string;
  readonly method: string;
  /** Path template, e.g. `/model/{modelId}/converse`. */
  readonly path: string;
  readonly kind: OperationKind;
  readonly eventStream: EventStream;
  /** Whether the answer may be long-lived bytes of any content type, often `text/event-stream`. */
  readonly streamsBytes: boolean;
  /** Names of the modelled input headers, lower case. */
  readonly headers: readonly string[];
  /** False for a path that no model has, sent to the one service that owns its first segment. */
  readonly modelled: boolean;
  readonly bodyBytesMax: number;
  /** Events that must all have been seen before the end of a complete event stream; empty where none is certain. */
  readonly terminalEvents: readonly string[];
}
