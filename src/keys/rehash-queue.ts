import type { Log } from '../ports.ts';
import type { BearerHash } from './key-holders.ts';

export interface RehashQueueOptions {
  /** Stores one bearer key under the current data key. */
  readonly write: (credentialId: number, fresh: BearerHash) => Promise<void>;
  readonly log: Log;
}

/** Stores bearer keys anew after the data key was rolled, beside the requests that showed them. */
export interface RehashQueue {
  /** Never throws; a key that is waiting already is not written twice. */
  add(credentialId: number, fresh: BearerHash): void;
  /** Resolves when nothing is being written any more. What still waits is left for the next time it is shown. */
  close(): Promise<void>;
}

/** Beyond it a key is left for the next time it is shown. */
const WAITING_MAX = 50_000;

/** One after the other: changes wait for each other anyway, and those of people must not wait for many of these. */
export function createRehashQueue({ write, log }: RehashQueueOptions): RehashQueue {
  const waiting = new Map<number, BearerHash>();
  let running: Promise<void> | null = null;
  let isClosed = false;

  const drain = async (): Promise<void> => {
    for (const [credentialId, fresh] of waiting) {
      if (isClosed) break;
      try {
        await write(credentialId, fresh);
      } catch (error) {
        log.warn({ err: error }, 'a key could not be stored under the current data key: it is tried again when shown');
      }
      // Not before: until it is written, every request with the key finds it under the older one.
      waiting.delete(credentialId);
    }
    running = null;
  };
  return {
    add: (credentialId, fresh) => {
      if (isClosed || waiting.size >= WAITING_MAX || waiting.has(credentialId)) return;
      waiting.set(credentialId, fresh);
      running ??= drain();
    },
    close: async () => {
      isClosed = true;
      await running;
    },
  };
}
