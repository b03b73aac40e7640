import type { Refusal } from '../domain/errors.ts';

/**
 * One turn of the event loop, in which calls begin and end that are written together: a write costs as much for one
 * record as it does for twenty. Who waits for it goes on when the turn is over, and needs nothing of the timers of node
 * but that.
 */
export class Turn {
  #starts: PromiseWithResolvers<void> | null = null;
  #ends: PromiseWithResolvers<void> | null = null;

  /** For who begins a call. Rejected with why it can't. */
  get started(): Promise<void> {
    return (this.#starts ??= Promise.withResolvers<void>()).promise;
  }

  /** For who ends one. Never rejected. */
  get ended(): Promise<void> {
    return (this.#ends ??= Promise.withResolvers<void>()).promise;
  }

  /**
   * @param refusal why those who begin can't. @param synced what they have to wait for beyond this; null for nothing.
   */
  over(refusal: Refusal | null, synced: Promise<void> | null): void {
    this.#ends?.resolve();
    if (refusal !== null) this.#starts?.reject(refusal);
    // A promise that is resolved with another is settled as that one is.
    else this.#starts?.resolve(synced ?? undefined);
  }
}
