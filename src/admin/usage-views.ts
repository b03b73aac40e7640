import { z } from '@hono/zod-openapi';
import {
  USAGE_DIMENSIONS,
  type UsageDimension,
  type UsageQuery,
  type UsageRow,
  type UsageSums,
} from '../domain/ledger.ts';
import type { UsageAmount } from '../domain/usage-columns.ts';
import { usdText } from '../domain/usd.ts';
import type { AdminLedger } from './ledger-ports.ts';
import { dateText } from './periods.ts';

const amountsShape = {
  requests: z.number(),
  failed_requests: z.number().openapi({ description: 'Not answered as asked: refused, errors, broken, abandoned.' }),
  refused_requests: z.number().openapi({ description: 'Refused by the gateway: they cost nothing.' }),
  unpriced_requests: z.number().openapi({ description: 'Whose cost is unknown: it is in no sum.' }),
  input_tokens: z.number(),
  output_tokens: z.number(),
  cache_read_tokens: z.number(),
  cache_write_tokens: z.number(),
  cost_usd: z.string().openapi({ description: 'US dollars, exact.' }),
  estimated_usd: z.string().openapi({
    description: 'The part of cost_usd that was only reserved, since the end of the call was never heard of.',
  }),
  charged_usd: z.string().openapi({
    description: 'What budgets count: the cost, and of calls whose cost is unknown what was reserved for them.',
  }),
  duration_ms: z.number(),
} as const satisfies Record<UsageAmount, z.ZodType>;

export const amountsView = z.object(amountsShape);

const name = z.string().nullable().optional();
const names: { readonly [Dimension in UsageDimension]: typeof name } = {
  key: name,
  team: name,
  user: name,
  customer: name,
  tag: name,
  model: name,
  region: name,
  service: name,
  operation: name,
};

export const usageRowView = z.object({
  start: z.string().optional().openapi({ description: 'Of the bucket: 2026-11, 2026-11-22 or 2026-11-22T14:00Z.' }),
  ...names,
  key_alias: name,
  team_alias: name,
  ...amountsShape,
});

/** The rows of a report with what people call their keys and teams. At most 1,000. */
export async function viewUsage(
  rows: readonly UsageRow[],
  { groupBy, bucket }: UsageQuery,
  ledger: AdminLedger,
): Promise<z.infer<typeof usageRowView>[]> {
  const keys = await ledger.keyNames(idsOf('key', rows, groupBy));
  const teams = await ledger.teamNames(idsOf('team', rows, groupBy));
  const start = (ms: number | null) => (ms === null ? {} : { start: bucketText(bucket, ms) });
  return rows.map(({ bucketStartMs, group, sums }) => {
    const of = (dimension: UsageDimension) => nameIn(group, groupBy.indexOf(dimension));
    const [key, team] = [of('key'), of('team')];
    return {
      ...start(bucketStartMs),
      ...Object.fromEntries(
        USAGE_DIMENSIONS.map((dimension) => [dimension, of(dimension)] as const).filter(
          ([, value]) => value !== undefined,
        ),
      ),
      ...(key === undefined ? {} : { key_alias: keys.get(key ?? '')?.alias ?? null }),
      ...(team === undefined ? {} : { team_alias: teams.get(team ?? '') ?? null }),
      ...viewAmounts(sums),
    };
  });
}

export function viewAmounts(sums: UsageSums): z.infer<typeof amountsView> {
  return {
    requests: sums.requests,
    failed_requests: sums.failedRequests,
    refused_requests: sums.refusedRequests,
    unpriced_requests: sums.unpricedRequests,
    input_tokens: sums.inputTokens,
    output_tokens: sums.outputTokens,
    cache_read_tokens: sums.cacheReadTokens,
    cache_write_tokens: sums.cacheWriteTokens,
    cost_usd: usdText(sums.costNanos),
    estimated_usd: usdText(sums.estimatedNanos),
    charged_usd: usdText(sums.chargedNanos),
    duration_ms: sums.durationMs,
  };
}

/** The ids of a dimension in some rows, each once. */
export function idsOf(
  dimension: UsageDimension,
  rows: readonly UsageRow[],
  groupBy: readonly UsageDimension[],
): readonly string[] {
  const index = groupBy.indexOf(dimension);
  if (index < 0) return [];
  return [...new Set(rows.map(({ group }) => group[index] ?? ''))].filter((id) => id !== '');
}

/** Undefined where it is not grouped by that, null for calls that have none. */
function nameIn(group: readonly string[], index: number): string | null | undefined {
  const value = group[index];
  return value === '' ? null : value;
}

function bucketText(bucket: UsageQuery['bucket'], startMs: number): string {
  switch (bucket) {
    case 'hour':
      return `${new Date(startMs).toISOString().slice(0, 16)}Z`;
    case 'month':
      return dateText(startMs).slice(0, 7);
    case 'day':
    case 'none':
      return dateText(startMs);
  }
}
