/** Shares of the spool's bound, in percent, that are worth telling. */
const LEVELS = [50, 80, 100] as const;

/** Below this share of the bound it is calm again, and the levels may be told anew. */
const CALM_SHARE = 0.4;

/** A database that is restarted or fails over is back within this; nobody has to get up for it. */
const STORE_DOWN_MS = 30_000;

/** The spool as it is when somebody looks. */
export interface SpoolLook {
  readonly spoolBytes: number;
  readonly spoolBytesMax: number;
  /** Whether new calls are refused because they could not be recorded. */
  readonly isFull: boolean;
  /** Whether the store takes no records for now. */
  readonly isStoreDown: boolean;
}

/** What has changed with the spool: told once for each change. */
export type SpoolNews =
  | { readonly kind: 'spoolFilling'; readonly bytes: number; readonly bytesMax: number }
  | { readonly kind: 'spoolCalm' }
  | { readonly kind: 'storeDown'; readonly forMs: number }
  | { readonly kind: 'storeWorking' };

/** Tells from looks at the spool when it fills up, and when the store has been out of reach for too long. */
export class SpoolHealth {
  /** The highest level that has been told; 0 for none. */
  #told = 0;
  #downSinceMs: number | null = null;
  #isDownTold = false;

  /** @param elapsedMs never goes back */
  look(spool: SpoolLook, elapsedMs: number): readonly SpoolNews[] {
    return [this.#lookAtRoom(spool), this.#lookAtStore(spool, elapsedMs)].filter((news) => news !== null);
  }

  #lookAtRoom({ spoolBytes: bytes, spoolBytesMax: bytesMax, isFull }: SpoolLook): SpoolNews | null {
    const level = isFull ? 100 : (LEVELS.findLast((each) => bytes * 100 >= bytesMax * each) ?? 0);
    if (level > this.#told) {
      this.#told = level;
      return { kind: 'spoolFilling', bytes, bytesMax };
    }
    if (this.#told === 0 || isFull || bytes >= bytesMax * CALM_SHARE) return null;
    this.#told = 0;
    return { kind: 'spoolCalm' };
  }

  #lookAtStore({ isStoreDown }: SpoolLook, elapsedMs: number): SpoolNews | null {
    if (!isStoreDown) {
      const wasTold = this.#isDownTold;
      this.#downSinceMs = null;
      this.#isDownTold = false;
      return wasTold ? { kind: 'storeWorking' } : null;
    }
    this.#downSinceMs ??= elapsedMs;
    const forMs = elapsedMs - this.#downSinceMs;
    if (this.#isDownTold || forMs < STORE_DOWN_MS) return null;
    this.#isDownTold = true;
    return { kind: 'storeDown', forMs };
  }
}
