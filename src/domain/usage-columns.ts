import type { UsageDimension, UsageQuery } from './ledger.ts';

/** What a report says of each of its groups, in this order. */
const USAGE_AMOUNTS = [
  'requests',
  'failed_requests',
  'refused_requests',
  'unpriced_requests',
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'cost_usd',
  'estimated_usd',
  'charged_usd',
  'duration_ms',
] as const;

export type UsageAmount = (typeof USAGE_AMOUNTS)[number];

/** What names a group for people, beside its id. */
export const USAGE_ALIASES: { readonly [Dimension in UsageDimension]?: string } = {
  key: 'key_alias',
  team: 'team_alias',
};

/** The columns of a report, in their order. */
export function usageColumns(groupBy: readonly UsageDimension[], bucket: UsageQuery['bucket']): readonly string[] {
  const names = groupBy.flatMap((dimension) => {
    const alias = USAGE_ALIASES[dimension];
    return alias === undefined ? [dimension] : [dimension, alias];
  });
  return [...(bucket === 'none' ? [] : ['start']), ...names, ...USAGE_AMOUNTS];
}
