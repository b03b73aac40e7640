import type { InputFacts } from './call-bounds.ts';

/** What a call used or usually uses. */
export interface TokensAndSpend {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly spendNanos: number;
}

/** Two for each doubling, up to the largest safe integer. */
const STEPS_PER_OCTAVE = 2;
const BUCKETS = 53 * STEPS_PER_OCTAVE + 1;
/** When so many calls have been counted all counts are halved: the last few hundred decide. */
const WEIGHT_MAX = 256;
const QUANTILE = 0.9;
/** One call more in so many changes little, so what most stay within is looked for now and then. */
const HIGH_SHARE = 16;

/** How large a quantity mostly is, in steps of 41 %. Old values fade. */
class Distribution {
  readonly #counts = new Uint16Array(BUCKETS);
  #total = 0;
  #high = 0;
  /** How many more are counted until it is looked for again. */
  #highFor = 0;

  add(value: number): void {
    const bucket = Math.min(BUCKETS - 1, Math.floor(Math.log2(Math.max(0, value) + 1) * STEPS_PER_OCTAVE));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#total += 1;
    this.#highFor -= 1;
    if (this.#total >= WEIGHT_MAX) this.#fade();
  }

  /** A value that nine of ten do not exceed. */
  high(): number {
    if (this.#highFor > 0) return this.#high;
    this.#highFor = Math.floor(this.#total / HIGH_SHARE);
    const wanted = this.#total * QUANTILE;
    let bucket = 0;
    for (let seen = this.#counts[0] ?? 0; seen < wanted; seen += this.#counts[bucket] ?? 0) bucket += 1;
    this.#high = Math.ceil(2 ** ((bucket + 1) / STEPS_PER_OCTAVE) - 1);
    return this.#high;
  }

  #fade(): void {
    this.#total = 0;
    for (const [bucket, count] of this.#counts.entries()) {
      this.#counts[bucket] = count >> 1;
      this.#total += count >> 1;
    }
  }
}

interface Row {
  readonly inputTokens: Distribution;
  readonly outputTokens: Distribution;
  readonly spendNanos: Distribution;
}

/** Learns what calls of one kind (an operation on a model) use. It holds some 650 bytes for each kind. */
export class UsualUse {
  readonly #kindsMax: number;
  readonly #rows = new Map<string, Row>();

  /** @param kindsMax beyond it the kind learned first is forgotten */
  constructor(kindsMax: number) {
    this.#kindsMax = kindsMax;
  }

  learn(kind: string, used: TokensAndSpend): void {
    const row = this.#rowOf(kind);
    row.inputTokens.add(used.inputTokens);
    row.outputTokens.add(used.outputTokens);
    row.spendNanos.add(used.spendNanos);
  }

  /** What nine of ten such calls stay within; null when none has been seen. */
  of(kind: string): TokensAndSpend | null {
    const row = this.#rows.get(kind);
    if (row === undefined) return null;
    return {
      inputTokens: row.inputTokens.high(),
      outputTokens: row.outputTokens.high(),
      spendNanos: row.spendNanos.high(),
    };
  }

  #rowOf(kind: string): Row {
    const known = this.#rows.get(kind);
    if (known !== undefined) return known;
    const [oldest] = this.#rows.keys();
    if (this.#rows.size >= this.#kindsMax && oldest !== undefined) this.#rows.delete(oldest);
    const row = {
      inputTokens: new Distribution(),
      outputTokens: new Distribution(),
      spendNanos: new Distribution(),
    };
    this.#rows.set(kind, row);
    return row;
  }
}

const BYTES_PER_TOKEN = 4;
const IMAGE_TOKENS = 1500;
const ANSWER_TOKENS = 1024;

/** What to go by before anything is learned: text of four bytes a token and an answer of some paragraphs. */
export function guessTokens(
  { textBytes, images }: InputFacts,
  asked: number | null,
): { readonly inputTokens: number; readonly outputTokens: number } {
  return {
    inputTokens: Math.ceil(textBytes / BYTES_PER_TOKEN) + images * IMAGE_TOKENS,
    outputTokens: Math.min(ANSWER_TOKENS, asked ?? ANSWER_TOKENS),
  };
}
