import type { Clock } from '../ports.ts';

/**
 * One point in time that is moved on with every sign of life. Moving it costs no timer: the one that runs looks, when it
 * fires, whether the time has come. It does not keep the process alive.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #passed: () => void;
  #atMs = Infinity;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Infinity;

  constructor(clock: Clock, passed: () => void) {
    this.#clock = clock;
    this.#passed = passed;
  }

  /** Instead of what was set before. */
  setIn(ms: number): void {
    this.#atMs = this.#clock.elapsedMs() + ms;
    if (this.#atMs < this.#timerAtMs) this.#arm(ms);
  }

  /** Until it is set again it does not pass. */
  clear(): void {
    this.#atMs = Infinity;
  }

  /** For good. */
  end(): void {
    this.#atMs = Infinity;
    clearTimeout(this.#timer);
    // Nothing is earlier, so no timer will run.
    this.#timerAtMs = -Infinity;
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer);
    this.#timerAtMs = this.#atMs;
    this.#timer = setTimeout(() => this.#look(), Math.ceil(ms)).unref();
  }

  #look(): void {
    this.#timerAtMs = Infinity;
    if (this.#atMs === Infinity) return;
    const leftMs = this.#atMs - this.#clock.elapsedMs();
    if (leftMs > 0) this.#arm(leftMs);
    // Where this process was held up, a sign of life may be there and not have been read yet: the network comes first.
    else setImmediate(() => this.#pass());
  }

  #pass(): void {
    if (this.#atMs === Infinity || this.#timerAtMs !== Infinity) return;
    const leftMs = this.#atMs - this.#clock.elapsedMs();
    if (leftMs > 0) {
      this.#arm(leftMs);
      return;
    }
    this.#atMs = Infinity;
    this.#passed();
  }
}
