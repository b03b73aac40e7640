import type { Attribution, CallCost } from '../domain/call-record.ts';
import type { Charge } from '../domain/limits/charges.ts';
import type { PricedAs } from '../domain/pricing/price-model.ts';
import type { MeteredRequest } from '../domain/usage/metered-request.ts';
import type { UsageReader } from '../domain/usage/usage-reader.ts';
import type { Usage } from '../domain/usage/usage.ts';

/** What is measured of a call from the moment it is known who asks for what. */
export interface MeteredCall {
  readonly request: MeteredRequest;
  readonly attribution: Attribution;
  readonly pricedAs: PricedAs;
  /** What limits by model count it for beside the model of the request: others it names, and what stands behind them. */
  otherModels: readonly string[];
  /** Why nobody can say which models it names; null where that is known. */
  modelsUntold: string | null;
  /** What it holds of its limits until it is settled; empty where nothing limits it. */
  charges: readonly Charge[];
  /** What each of them has left with this call, in the same order. */
  remaining: readonly number[];
  reservedNanos: bigint;
  /** About how many output tokens its stream may have; null for as many as come. */
  outputEndsAt: number | null;
  /** Whether the ledger knows that it began. */
  begun: boolean;
  /** Whether Bedrock may have got it, and so may bill it. */
  sent: boolean;
  /** Null until Bedrock answers. */
  reader: UsageReader | null;
}

/** What a call came to. */
export interface Settled {
  readonly usage: Usage;
  readonly cost: CallCost;
  /** What the key has spent with it, in nano-dollars; null where that is not known, or there is no key. */
  readonly keySpendNanos: bigint | null;
}
