import { setTimeout as pause } from 'node:timers/promises';
import { DeliveryFault } from './delivery-fault.ts';

export interface TimeBounds {
  /** Of a gateway that stops. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/**
 * Waits for work that knows no end itself; whoever calls ends it then, and what still comes of it is nobody's business.
 * @throws DeliveryFault when the time is over, and what the work throws
 */
export async function inTime<Result>(work: Promise<Result>, { signal, timeoutMs }: TimeBounds): Promise<Result> {
  const { promise: ended, reject: end } = Promise.withResolvers<never>();
  const timer = setTimeout(() => end(noAnswerWithin(timeoutMs)), timeoutMs);
  const stop = (): void => end(new DeliveryFault('again', 'the gateway is stopping'));
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, ended]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

export function noAnswerWithin(timeoutMs: number): DeliveryFault {
  return new DeliveryFault('again', `it did not answer within ${timeoutMs / 1000} s`);
}

/** Waits for work, but no longer: what has not ended then is left to itself. @throws what the work throws in time */
export async function atMost(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  const ended = new AbortController();
  const timeout = pause(timeoutMs, undefined, { signal: ended.signal }).catch(() => undefined);
  try {
    await Promise.race([work, timeout]);
  } finally {
    ended.abort();
  }
}
