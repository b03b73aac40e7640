/** Says of each name once in a while that it is time: for lines in a log that would otherwise come with every call. */
export class OnceInAWhile {
  readonly #everyMs: number;
  readonly #namesMax: number;
  /** When each was due last, the oldest first. */
  readonly #toldMs = new Map<string, number>();

  /** @param namesMax beyond so many names in one interval nothing is said of new ones */
  constructor({ everyMs, namesMax }: { readonly everyMs: number; readonly namesMax: number }) {
    this.#everyMs = everyMs;
    this.#namesMax = namesMax;
  }

  /** @param elapsedMs never goes back */
  isTime(name: string, elapsedMs: number): boolean {
    const last = this.#toldMs.get(name);
    if (last !== undefined && elapsedMs - last < this.#everyMs) return false;
    for (const [old, toldMs] of this.#toldMs) {
      if (elapsedMs - toldMs < this.#everyMs) break;
      this.#toldMs.delete(old);
    }
    if (this.#toldMs.size >= this.#namesMax) return false;
    this.#toldMs.set(name, elapsedMs);
    return true;
  }
}
