/** How what is handed over gets to the receiver. */
export interface Delivery<Given> {
  /** Never throws and never waits. */
  push(given: Given): void;
  readonly queued: number;
  readonly outboxBytes: number;
  /** Nothing more comes: what waits is sent at once, each batch tried once. */
  hurry(): void;
  /** Resolves when nothing waits any more, or nothing can be done about it; only after `hurry`. */
  drained(): Promise<void>;
  /** Breaks off what is under way. What waits on a disk stays there. */
  close(): Promise<void>;
}
