import type { Clock, Log } from '../ports.ts';

export interface BreakerOptions {
  /** Resolves when all is well again; whatever it throws says that it is not. */
  readonly probe: () => Promise<void>;
  readonly log: Log;
  readonly clock: Clock;
  /** What is not there while it is open, for the log. */
  readonly what: string;
  /** Pause before the first probe; each failed one doubles it, up to the last. */
  readonly firstPauseMs: number;
  readonly lastPauseMs: number;
}

/** Keeps calls from what does not answer, and finds out by itself when it does again. Says each change in one line. */
export class Breaker {
  readonly #options: BreakerOptions;
  #timer: NodeJS.Timeout | null = null;
  #pauseMs = 0;
  #openSinceMs: number | null = null;
  #isStopped = false;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#openSinceMs === null;
  }

  /** @param reason one line for the log. Does nothing while it is open. */
  trip(reason: string): void {
    if (this.#openSinceMs !== null || this.#isStopped) return;
    this.#openSinceMs = this.#options.clock.elapsedMs();
    this.#pauseMs = this.#options.firstPauseMs;
    this.#options.log.warn({ reason }, `${this.#options.what} out of reach`);
    this.#probeLater();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #probeLater(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#probe(), this.#pauseMs).unref();
  }

  async #probe(): Promise<void> {
    try {
      await this.#options.probe();
    } catch {
      this.#pauseMs = Math.min(this.#options.lastPauseMs, this.#pauseMs * 2);
      this.#probeLater();
      return;
    }
    const afterMs = Math.round(this.#options.clock.elapsedMs() - (this.#openSinceMs ?? 0));
    this.#openSinceMs = null;
    this.#options.log.info({ afterMs }, `${this.#options.what} back`);
  }
}
