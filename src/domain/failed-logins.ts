import { clientNetwork } from './policy/cidr.ts';

/** How long failures count, and what a client is told to wait. */
export const FAILED_LOGINS_WINDOW_SECONDS = 60;

/** Networks remembered. Beyond it the one that began to fail first is forgotten, which costs a guesser an address each time. */
const NETWORKS_MAX = 10_000;

/** `crossed`: the first failure over the bound in this window; `beyond`: a later one. */
export type FailureVerdict = 'within' | 'crossed' | 'beyond';

interface Window {
  readonly startedMs: number;
  failures: number;
}

/**
 * Counts failed logins by where they come from. It is told of failures only: who brings a good key is let in from an
 * address that others guess from (they may share it behind a NAT), and costs nothing here.
 */
export class FailedLogins {
  readonly #perMinuteMax: number;
  #total = 0;
  /** In the order in which their windows began. */
  readonly #windows = new Map<string, Window>();

  constructor(perMinuteMax: number) {
    this.#perMinuteMax = perMinuteMax;
  }

  /** Since the start of the process. */
  get total(): number {
    return this.#total;
  }

  /** @param address null when it can't be said; all of those count together. @param elapsedMs never goes back. */
  note(address: string | null, elapsedMs: number): FailureVerdict {
    this.#total += 1;
    const network = address === null ? '' : clientNetwork(address);
    const window = this.#windowOf(network, elapsedMs);
    window.failures += 1;
    if (window.failures <= this.#perMinuteMax) return 'within';
    return window.failures === this.#perMinuteMax + 1 ? 'crossed' : 'beyond';
  }

  #windowOf(network: string, elapsedMs: number): Window {
    const running = this.#windows.get(network);
    if (running !== undefined && elapsedMs - running.startedMs < FAILED_LOGINS_WINDOW_SECONDS * 1000) return running;
    this.#windows.delete(network);
    const [oldest] = this.#windows.keys();
    if (this.#windows.size >= NETWORKS_MAX && oldest !== undefined) this.#windows.delete(oldest);
    const fresh = { startedMs: elapsedMs, failures: 0 };
    this.#windows.set(network, fresh);
    return fresh;
  }
}
