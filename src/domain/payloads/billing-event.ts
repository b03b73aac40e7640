import type { CallRecord } from '../call-record.ts';
import { usdNumber } from '../usd.ts';
import { tokenSums } from './call-facts.ts';

/**
 * What of a call somebody can be billed for, as members of an event. Dollars are a JSON number, as the receivers count
 * them; where the cost is unknown there is none, since whoever adds up must not take it for nothing.
 * @param costName what the receiver calls the dollars
 * @returns null for a call that used nothing: one that was refused, one that costs nothing by AWS's word
 */
export function billedUse({ usage, cost, modelId }: CallRecord, costName: string): object | null {
  const { prompt, completion } = tokenSums(usage);
  const isFree = cost.kind === 'known' && cost.nanos === 0n;
  if (isFree && prompt + completion === 0) return null;
  return {
    model: modelId ?? '',
    ...(cost.kind === 'known' ? { [costName]: usdNumber(cost.nanos) } : {}),
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
  };
}
