/**
 * Says when the next batch goes: as soon as there are enough, or when the first of them has waited long enough. Whoever
 * hands something over is never held up by it: the batch begins in a turn of its own.
 */
export class Due {
  readonly #enough: number;
  readonly #intervalMs: number;
  #fire: (() => void) | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isHurried = false;

  constructor(enough: number, intervalMs: number) {
    this.#enough = enough;
    this.#intervalMs = intervalMs;
  }

  /** @param waiting how many there are now */
  added(waiting: number): void {
    if (this.#fire === null) return;
    if (waiting >= this.#enough) this.#go();
    else this.#timer ??= this.#inTime();
  }

  /** @param waiting how many there are already @returns resolved when the next batch is due */
  async next(waiting: number): Promise<void> {
    if (this.#isHurried || waiting >= this.#enough) return;
    await new Promise<void>((resolve) => {
      this.#fire = resolve;
      if (waiting > 0) this.#timer = this.#inTime();
    });
  }

  /** From now on everything is due at once. */
  hurry(): void {
    this.#isHurried = true;
    this.#go();
  }

  #inTime(): NodeJS.Timeout {
    return setTimeout(() => this.#go(), this.#intervalMs).unref();
  }

  #go(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const fire = this.#fire;
    this.#fire = null;
    if (fire !== null) setImmediate(fire);
  }
}
