import type { Bound } from '../domain/bound.ts';

/** What one request holds of the gateway's bound on all request bodies together. */
export class HeldBytes {
  readonly #bound: Bound;
  #bytes = 0;

  constructor(bound: Bound) {
    this.#bound = bound;
  }

  /** @returns false, and takes nothing, when the gateway holds as many as it may. */
  take(bytes: number): boolean {
    if (!this.#bound.take(bytes)) return false;
    this.#bytes += bytes;
    return true;
  }

  release(): void {
    this.#bound.give(this.#bytes);
    this.#bytes = 0;
  }
}
