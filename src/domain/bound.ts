/** A quantity of which only so much may be in use at once: bytes of bodies, running requests, drains. */
export class Bound {
  readonly max: number;
  #used = 0;

  constructor(max: number) {
    this.max = max;
  }

  get used(): number {
    return this.#used;
  }

  /** @returns false, and takes nothing, when it would go over the bound. */
  take(amount: number): boolean {
    if (this.#used + amount > this.max) return false;
    this.#used += amount;
    return true;
  }

  /** Gives back what was taken, exactly once. */
  give(amount: number): void {
    this.#used -= amount;
  }
}
