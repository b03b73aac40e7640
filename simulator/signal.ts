/** Lets a caller wait for a condition without sleeping: it is asked again whenever something changed. */
export class Signal {
  readonly #waiters = new Set<() => void>();

  changed(): void {
    for (const waiter of this.#waiters) waiter();
  }

  /** Resolves when the condition holds, at once when it already does. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const ask = () => {
        if (!condition()) return;
        this.#waiters.delete(ask);
        resolve();
      };
      this.#waiters.add(ask);
      ask();
    });
  }
}
