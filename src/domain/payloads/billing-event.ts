import type { CallRecord } from '../call-record.ts';
import { usdNumber } from '../usd.ts';
import { tokenSums } from './call-facts.ts';

/** What of a call somebody can be billed for. Dollars as a JSON number, as the receivers count them. */
export interface BilledUse {
  readonly model: string;
  /** Null where the cost is unknown: whoever adds up must not take it for nothing. */
  readonly costUsd: number | null;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** @returns null for a call that used nothing: one that was refused, one that costs nothing by AWS's word */
export function billedUse({ usage, cost, modelId }: CallRecord): BilledUse | null {
  const { prompt, completion } = tokenSums(usage);
  const isFree = cost.kind === 'known' && cost.nanos === 0n;
  if (isFree && prompt + completion === 0) return null;
  return {
    model: modelId ?? '',
    costUsd: cost.kind === 'known' ? usdNumber(cost.nanos) : null,
    promptTokens: prompt,
    completionTokens: completion,
  };
}
