import { z } from '@hono/zod-openapi';
import type { UsageDimension, UsageFilter, UsageRow } from '../../domain/ledger.ts';
import type { Page } from '../../domain/lists.ts';
import { promptTokensOf } from '../../domain/usage-sums.ts';
import { usdNumber } from '../../domain/usd.ts';
import { someName, usagePageShape } from '../ledger-inputs.ts';
import { endDate, requireSome, startDate } from '../periods.ts';
import { type AdminRequest, defineRoute, type Route } from '../route.ts';
import { LITELLM_SCOPE, visibleFilter } from '../usage-scope.ts';
import { idsOf } from '../usage-views.ts';
import { totalHeader } from '../views.ts';

const periodShape = {
  ...usagePageShape,
  start_date: startDate.optional().openapi({ description: 'Whole days (UTC). Default: all there ever was.' }),
  end_date: endDate.optional(),
} as const;

const keysInput = z.strictObject(periodShape);
const usersInput = z.strictObject({ ...periodShape, user_id: someName });
const tagsInput = z.strictObject({
  ...periodShape,
  tags: z.string().max(2048).optional().openapi({ description: 'Some tags, separated by commas. Default: all.' }),
});

const spentShape = {
  spend: z.number().openapi({ description: 'US dollars, by the ledger: what was reset counts here too.' }),
  total_tokens: z.number(),
  api_requests: z.number(),
  unpriced_requests: z.number().openapi({ description: 'Whose cost is unknown and not in spend.' }),
} as const;

const keySpendView = z.object({
  token: z.string(),
  key_name: z.string().nullable(),
  key_alias: z.string().nullable(),
  user_id: z.string().nullable(),
  team_id: z.string().nullable(),
  deleted: z.boolean(),
  ...spentShape,
});
const userSpendView = z.object({
  user_id: z.string(),
  user_alias: z.string().nullable(),
  user_email: z.string().nullable(),
  ...spentShape,
});
const tagSpendView = z.object({ individual_request_tag: z.string(), log_count: z.number(), total_spend: z.number() });

type PeriodInput = z.infer<typeof keysInput>;

/** What keys, users and tags have spent. The dearest first; who has made no calls is not there. */
export const SPEND_ROUTES: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/spend/keys',
    summary: 'A page of the keys that made calls, the dearest first; x-total-count says how many there are',
    access: 'anyKey',
    input: keysInput,
    answer: z.array(keySpendView),
    handle: async (input, request) => {
      const found = await spentBy('key', input, {}, request);
      const names = await request.parts.ledger.keyNames(idsOf('key', found.rows, ['key']));
      const body = found.rows.map(({ group: [id = ''], sums }) => {
        const key = names.get(id);
        return {
          token: id,
          key_name: key?.name ?? null,
          key_alias: key?.alias ?? null,
          user_id: key?.userId ?? null,
          team_id: key?.teamId ?? null,
          deleted: key?.isDeleted ?? false,
          ...viewSpent(sums),
        };
      });
      return { body, headers: totalHeader(found) };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/spend/users',
    summary: 'A page of the users that made calls, the dearest first; x-total-count says how many there are',
    access: 'anyKey',
    input: usersInput,
    answer: z.array(userSpendView),
    handle: async (input, request) => {
      const filter = input.user_id === undefined ? {} : { user: [input.user_id] };
      const found = await spentBy('user', input, filter, request);
      const names = await request.parts.ledger.userNames(idsOf('user', found.rows, ['user']));
      const body = found.rows.map(({ group: [id = ''], sums }) => ({
        user_id: id,
        user_alias: names.get(id)?.alias ?? null,
        user_email: names.get(id)?.email ?? null,
        ...viewSpent(sums),
      }));
      return { body, headers: totalHeader(found) };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/spend/tags',
    summary: 'A page of the tags of calls, the dearest first; a call counts for each of its tags',
    access: 'anyKey',
    input: tagsInput,
    answer: z.array(tagSpendView),
    handle: async (input, request) => {
      const filter = input.tags === undefined ? {} : { tag: input.tags.split(',').map((tag) => tag.trim()) };
      const found = await spentBy('tag', input, filter, request);
      const body = found.rows.map(({ group: [tag = ''], sums }) => ({
        individual_request_tag: tag,
        log_count: sums.requests,
        total_spend: usdNumber(sums.costNanos),
      }));
      return { body, headers: totalHeader(found) };
    },
  }),
];

async function spentBy(
  dimension: UsageDimension,
  { page, page_size: size, start_date: fromMs, end_date: untilMs }: PeriodInput,
  asked: UsageFilter,
  request: AdminRequest,
): Promise<Page<UsageRow>> {
  const { ledger, clock } = request.parts;
  const filter = await visibleFilter(asked, request, LITELLM_SCOPE);
  const period = { fromMs: fromMs ?? 0, untilMs: untilMs ?? clock.nowMs() + 1 };
  requireSome(period, untilMs === undefined ? 'start_date' : 'end_date');
  return ledger.usage({ groupBy: [dimension], bucket: 'none', filter, ...period, order: 'cost' }, { page, size });
}

function viewSpent(sums: UsageRow['sums']): z.infer<z.ZodObject<typeof spentShape>> {
  return {
    spend: usdNumber(sums.costNanos),
    total_tokens: promptTokensOf(sums) + sums.outputTokens,
    api_requests: sums.requests,
    unpriced_requests: sums.unpricedRequests,
  };
}
