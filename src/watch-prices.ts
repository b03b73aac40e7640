import { OnceInAWhile } from './domain/once-in-a-while.ts';
import type { Clock, Log } from './ports.ts';
import type { Call } from './proxy/call.ts';

const HOUR_MS = 3_600_000;
const MODELS_MAX = 1000;

/**
 * Warns of calls that have told all they used and have no cost because a price is missing, once an hour for each model:
 * they count in no budget but with what was held for them. @returns to be told of each call that is over
 */
export function watchPrices({ clock, log }: { readonly clock: Clock; readonly log: Log }): (call: Call) => void {
  const lines = new OnceInAWhile({ everyMs: HOUR_MS, namesMax: MODELS_MAX });
  return ({ id, metered, settled, operation, region }) => {
    if (settled === null || settled.cost.kind === 'known') return;
    // What was not told, or not to its end, is no matter of prices.
    if (settled.usage.source === 'unknown' || !settled.usage.complete) return;
    const model = metered?.request.modelId ?? null;
    if (!lines.isTime(model ?? operation?.name ?? '', clock.elapsedMs())) return;
    const facts = { requestId: id, model, operation: operation?.name ?? null, region, missing: settled.cost.missing };
    log.warn(facts, 'the cost of a call is not known: give its model a price (prices in outcrop.yaml)');
  };
}
