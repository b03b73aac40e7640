/**
 * How what is handed over reaches a receiver. `at-least-once`: it waits on the disk until the receiver has taken it.
 * `best-effort`: it waits in memory, and a receiver that is away too long misses some of it.
 */
export const DELIVERIES = ['at-least-once', 'best-effort'] as const;

export type DeliveryKind = (typeof DELIVERIES)[number];

/** One sink as the operator wants it. What is null is the sink's own default. */
export interface SinkSettings {
  /** What it is called in logs, metrics and the folder of its outbox; each name once. */
  readonly name: string;
  /** Which sink it is: a name in `src/sinks/index.ts`. */
  readonly type: string;
  readonly delivery: DeliveryKind | null;
  /** Whether it gets what was asked and answered, where that is recorded. */
  readonly content: boolean;
  /** Calls in one batch. */
  readonly batchSize: number | null;
  /** How long a batch waits to become full. */
  readonly flushIntervalMs: number | null;
  /** Calls that wait in memory. */
  readonly queueSizeMax: number | null;
  /** What they may take of it, counted by the length of their content. */
  readonly queueBytesMax: number | null;
  /** What may wait on the disk. */
  readonly outboxBytesMax: number | null;
  /** Settings of the sink itself, by LiteLLM's names where it has them. Not looked into yet. */
  readonly options: Readonly<Record<string, unknown>>;
}
