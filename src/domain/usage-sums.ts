import type { UsageSums } from './ledger.ts';

const NOTHING: UsageSums = {
  requests: 0,
  failedRequests: 0,
  refusedRequests: 0,
  unpricedRequests: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  costNanos: 0n,
  estimatedNanos: 0n,
  chargedNanos: 0n,
  durationMs: 0,
};

/** All of them together. */
export function addedUp(parts: readonly UsageSums[]): UsageSums {
  return parts.reduce(
    (sums, part) => ({
      requests: sums.requests + part.requests,
      failedRequests: sums.failedRequests + part.failedRequests,
      refusedRequests: sums.refusedRequests + part.refusedRequests,
      unpricedRequests: sums.unpricedRequests + part.unpricedRequests,
      inputTokens: sums.inputTokens + part.inputTokens,
      outputTokens: sums.outputTokens + part.outputTokens,
      cacheReadTokens: sums.cacheReadTokens + part.cacheReadTokens,
      cacheWriteTokens: sums.cacheWriteTokens + part.cacheWriteTokens,
      costNanos: sums.costNanos + part.costNanos,
      estimatedNanos: sums.estimatedNanos + part.estimatedNanos,
      chargedNanos: sums.chargedNanos + part.chargedNanos,
      durationMs: sums.durationMs + part.durationMs,
    }),
    NOTHING,
  );
}

/** What came in, from caches and into them too: LiteLLM's prompt tokens. */
export function promptTokensOf({ inputTokens, cacheReadTokens, cacheWriteTokens }: UsageSums): number {
  return inputTokens + cacheReadTokens + cacheWriteTokens;
}
