/** What is done with a signed request that comes again while its signature is valid. */
export type Sigv4Replay = 'allow' | 'warn' | 'deny';

/** A signature is valid from five minutes before its time to five minutes after it: AWS's own bounds. */
const VALID_MS_MAX = 10 * 60_000;

/** Of the 32 bytes of a signature; that two valid ones share so many does not happen. */
const BYTES_KEPT = 16;

/**
 * Knows the valid signatures of the last ten minutes, the newest `signaturesMax / 2` of them at least: with more than that in
 * ten minutes the oldest can be sent again unnoticed. Only who holds a secret can fill it. About 70 bytes each.
 */
export class SeenSignatures {
  readonly #generationMax: number;
  #startedMs = 0;
  #newer = new Set<string>();
  #older = new Set<string>();

  constructor(signaturesMax: number) {
    this.#generationMax = signaturesMax / 2;
  }

  /** Notes a signature that has been verified. @param elapsedMs never goes back @returns whether it had come before */
  note(signatureHex: string, elapsedMs: number): boolean {
    if (this.#newer.size >= this.#generationMax || elapsedMs - this.#startedMs >= VALID_MS_MAX) {
      this.#older = this.#newer;
      this.#newer = new Set();
      this.#startedMs = elapsedMs;
    }
    const mark = Buffer.from(signatureHex, 'hex').toString('latin1', 0, BYTES_KEPT);
    const seen = this.#newer.has(mark) || this.#older.has(mark);
    if (!seen) this.#newer.add(mark);
    return seen;
  }
}
