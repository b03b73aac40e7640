import { matchesGlob } from '../policy/glob.ts';
import type { Figures, ModelBounds } from './book-content.ts';
import type { Decimal } from './decimal.ts';

/** An operator's own price. The first that fits a request is the only one that counts. */
export interface PriceOverride extends ModelBounds {
  /** A pattern over ids as clients write them, profile ids, ARNs and ids without profile prefix; or `guardrails`. */
  readonly model: string;
  /** A pattern over regions. */
  readonly region: string;
  /** US dollars for one, before any tier's factor; they replace the book's figures of the same name. */
  readonly usd: Figures;
  /** For whole requests above 200,000 input tokens; null: `usd` holds there too. */
  readonly above200k: Figures | null;
  /** Taken off the book's figures, or off `usd`, in percent. */
  readonly discountPercent: string;
}

/** What a price is asked for: every name of the model, and where. */
export interface OverrideQuestion {
  readonly names: readonly string[];
  readonly region: string;
}

export function findOverride(
  overrides: readonly PriceOverride[],
  { names, region }: OverrideQuestion,
): PriceOverride | null {
  const fits = overrides.find(
    (override) => matchesGlob(override.region, region) && names.some((name) => matchesGlob(override.model, name)),
  );
  return fits ?? null;
}

/** What is left to pay of one dollar. @param percent a decimal number from 0 to 100. */
export function afterDiscount(percent: Decimal): Decimal {
  return { digits: 100n * 10n ** BigInt(percent.decimals) - percent.digits, decimals: percent.decimals + 2 };
}
