import { z } from '@hono/zod-openapi';
import type { UsageRow, UsageSums } from '../domain/ledger.ts';
import { addedUp, promptTokensOf } from '../domain/usage-sums.ts';
import { usdNumber } from '../domain/usd.ts';
import type { AdminLedger } from './ledger-ports.ts';
import { dateText } from './periods.ts';
import { idsOf } from './usage-views.ts';

/** Whose breakdown `entities` holds. */
export type ActivityOf = 'user' | 'team';

const metrics = z.object({
  spend: z.number().openapi({ description: 'US dollars' }),
  prompt_tokens: z.number().openapi({ description: 'Those read from and written to caches too.' }),
  completion_tokens: z.number(),
  cache_read_input_tokens: z.number(),
  cache_creation_input_tokens: z.number(),
  total_tokens: z.number(),
  successful_requests: z.number(),
  failed_requests: z.number(),
  api_requests: z.number(),
  total_response_time_ms: z.number(),
  timed_requests: z.number(),
  unpriced_requests: z.number().openapi({ description: 'Whose cost is unknown and not in spend.' }),
  estimated_spend: z.number().openapi({ description: 'The part of spend that was only reserved.' }),
});

const keyMetadata = z.object({
  key_alias: z.string().nullable(),
  team_id: z.string().nullable(),
  user_id: z.string().nullable(),
  key_exists: z.boolean(),
});
const byKey = z.record(z.string(), z.object({ metrics, metadata: keyMetadata }));
const byName = z.record(
  z.string(),
  z.object({ metrics, metadata: z.record(z.string(), z.unknown()), api_key_breakdown: byKey }),
);

export const activityView = z.object({
  results: z.array(
    z.object({
      date: z.string(),
      metrics,
      breakdown: z.object({ models: byName, providers: byName, api_keys: byKey, entities: byName }),
    }),
  ),
  metadata: z.object({
    total_spend: z.number(),
    total_prompt_tokens: z.number(),
    total_completion_tokens: z.number(),
    total_tokens: z.number(),
    total_api_requests: z.number(),
    total_successful_requests: z.number(),
    total_failed_requests: z.number(),
    total_cache_read_input_tokens: z.number(),
    total_cache_creation_input_tokens: z.number(),
    total_unpriced_requests: z.number(),
    page: z.number(),
    total_pages: z.number(),
    has_more: z.boolean(),
  }),
});

/** Where in a group of a row what stands. */
const ENTITY = 0;
const KEY = 1;
const MODEL = 2;

const PROVIDER = 'bedrock';
const IDS_AT_ONCE = 1000;

/** @param rows of days, by entity, key and model. Calls that have none of one are in no breakdown by it. */
export async function viewActivity(
  rows: readonly UsageRow[],
  entity: ActivityOf,
  { page, pages }: { readonly page: number; readonly pages: number },
  ledger: AdminLedger,
): Promise<z.infer<typeof activityView>> {
  const metadataOfKey = await keysMetadata(rows, entity, ledger);
  const metadataOfEntity = await entitiesMetadata(rows, entity, ledger);
  const keysOf = (part: readonly UsageRow[]) =>
    grouped(part, KEY, (id, of) => ({ metrics: viewMetrics(sumsOf(of)), metadata: metadataOfKey(id) }));
  const namesOf = (part: readonly UsageRow[], index: number, metadata: (id: string) => Record<string, unknown>) =>
    grouped(part, index, (id, of) => ({
      metrics: viewMetrics(sumsOf(of)),
      metadata: metadata(id),
      api_key_breakdown: keysOf(of),
    }));

  const days = [...Map.groupBy(rows, ({ bucketStartMs }) => bucketStartMs ?? 0)].toSorted(([a], [b]) => b - a);
  const total = viewMetrics(sumsOf(rows));
  return {
    results: days.map(([day, of]) => ({
      date: dateText(day),
      metrics: viewMetrics(sumsOf(of)),
      breakdown: {
        models: namesOf(of, MODEL, () => ({})),
        providers: {
          [PROVIDER]: { metrics: viewMetrics(sumsOf(of)), metadata: {}, api_key_breakdown: keysOf(of) },
        },
        api_keys: keysOf(of),
        entities: namesOf(of, ENTITY, metadataOfEntity),
      },
    })),
    metadata: {
      total_spend: total.spend,
      total_prompt_tokens: total.prompt_tokens,
      total_completion_tokens: total.completion_tokens,
      total_tokens: total.total_tokens,
      total_api_requests: total.api_requests,
      total_successful_requests: total.successful_requests,
      total_failed_requests: total.failed_requests,
      total_cache_read_input_tokens: total.cache_read_input_tokens,
      total_cache_creation_input_tokens: total.cache_creation_input_tokens,
      total_unpriced_requests: total.unpriced_requests,
      page,
      total_pages: pages,
      has_more: page < pages,
    },
  };
}

function viewMetrics(sums: UsageSums): z.infer<typeof metrics> {
  const promptTokens = promptTokensOf(sums);
  return {
    spend: usdNumber(sums.costNanos),
    prompt_tokens: promptTokens,
    completion_tokens: sums.outputTokens,
    cache_read_input_tokens: sums.cacheReadTokens,
    cache_creation_input_tokens: sums.cacheWriteTokens,
    total_tokens: promptTokens + sums.outputTokens,
    successful_requests: sums.requests - sums.failedRequests,
    failed_requests: sums.failedRequests,
    api_requests: sums.requests,
    total_response_time_ms: sums.durationMs,
    timed_requests: sums.requests,
    unpriced_requests: sums.unpricedRequests,
    estimated_spend: usdNumber(sums.estimatedNanos),
  };
}

function sumsOf(rows: readonly UsageRow[]): UsageSums {
  return addedUp(rows.map(({ sums }) => sums));
}

function grouped<View>(
  rows: readonly UsageRow[],
  index: number,
  view: (id: string, of: readonly UsageRow[]) => View,
): Record<string, View> {
  const groups = [...Map.groupBy(rows, ({ group }) => group[index] ?? '')].filter(([id]) => id !== '');
  return Object.fromEntries(groups.map(([id, of]) => [id, view(id, of)]));
}

async function keysMetadata(
  rows: readonly UsageRow[],
  entity: ActivityOf,
  ledger: AdminLedger,
): Promise<(id: string) => z.infer<typeof keyMetadata>> {
  const keys = await named(idsOf('key', rows, [entity, 'key']), (ids) => ledger.keyNames(ids));
  return (id) => {
    const key = keys.get(id);
    return {
      key_alias: key?.alias ?? null,
      team_id: key?.teamId ?? null,
      user_id: key?.userId ?? null,
      key_exists: key?.isDeleted === false,
    };
  };
}

async function entitiesMetadata(
  rows: readonly UsageRow[],
  entity: ActivityOf,
  ledger: AdminLedger,
): Promise<(id: string) => Record<string, unknown>> {
  const ids = idsOf(entity, rows, [entity]);
  if (entity === 'team') {
    const teams = await named(ids, (some) => ledger.teamNames(some));
    return (id) => ({ team_alias: teams.get(id) ?? null });
  }
  const users = await named(ids, (some) => ledger.userNames(some));
  return (id) => ({ user_alias: users.get(id)?.alias ?? null, user_email: users.get(id)?.email ?? null });
}

/** As many at once as may be asked for. */
async function named<Names>(
  ids: readonly string[],
  ask: (ids: readonly string[]) => Promise<ReadonlyMap<string, Names>>,
): Promise<ReadonlyMap<string, Names>> {
  const all = new Map<string, Names>();
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
    for (const [id, names] of await ask(ids.slice(from, from + IDS_AT_ONCE))) all.set(id, names);
  }
  return all;
}
