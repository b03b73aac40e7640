import type { SinkSettings } from '../../domain/sink-settings.ts';
import type { RetryBounds } from './backoff.ts';

/** What one sink may take of everything. */
export interface SinkBounds {
  readonly batchSize: number;
  /** Of one batch, counted in what it takes in memory or on the disk. */
  readonly batchBytes: number;
  readonly flushIntervalMs: number;
  readonly queueSizeMax: number;
  readonly queueBytesMax: number;
  readonly outboxBytesMax: number;
  readonly retry: RetryBounds;
  /** How long a batch is tried, from its first try on, whose sink may lose it. */
  readonly patienceMs: number;
}

/** What a sink's own receiver wants; the rest is the same for all. */
export interface OwnBounds extends Partial<Pick<SinkBounds, 'batchSize' | 'batchBytes' | 'flushIntervalMs'>> {
  /** More than so many in a batch would be refused. */
  readonly batchSizeMax?: number;
}

const MIB = 1024 * 1024;

const DEFAULTS: SinkBounds = {
  batchSize: 100,
  batchBytes: 4 * MIB,
  flushIntervalMs: 5000,
  queueSizeMax: 10_000,
  queueBytesMax: 32 * MIB,
  outboxBytesMax: 1024 * MIB,
  retry: { firstMs: 500, mostMs: 60_000 },
  patienceMs: 10 * 60_000,
};

/** The operator's word counts before the sink's, and the sink's before the default. */
export function boundsOf(settings: SinkSettings, own: OwnBounds): SinkBounds {
  const { batchSizeMax = Infinity, ...given } = own;
  const bounds = { ...DEFAULTS, ...given };
  return {
    ...bounds,
    batchSize: Math.min(settings.batchSize ?? bounds.batchSize, batchSizeMax),
    flushIntervalMs: settings.flushIntervalMs ?? bounds.flushIntervalMs,
    queueSizeMax: settings.queueSizeMax ?? bounds.queueSizeMax,
    queueBytesMax: settings.queueBytesMax ?? bounds.queueBytesMax,
    outboxBytesMax: settings.outboxBytesMax ?? bounds.outboxBytesMax,
  };
}
