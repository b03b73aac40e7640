import type { RefusalKind } from './errors.ts';

/** Counts requests that were refused before it was known who sent them, and so left no call record. */
export class AnonymousRefusals {
  readonly #counts = new Map<RefusalKind, number>();

  get counts(): Iterable<readonly [RefusalKind, number]> {
    return this.#counts;
  }

  note(kind: RefusalKind): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }
}
