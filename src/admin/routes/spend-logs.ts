import { z } from '@hono/zod-openapi';
import type { CallPosition, StoredCall, UsageRow } from '../../domain/ledger.ts';
import { usdNumber } from '../../domain/usd.ts';
import { allUsage } from '../all-usage.ts';
import { callFilter, oneCall, scopeOf } from '../call-filter.ts';
import { spendLogView, viewCall } from '../call-views.ts';
import { flag } from '../inputs.ts';
import { someModel, someName } from '../ledger-inputs.ts';
import { dateText, daysOf, endDate, type Period, startDate } from '../periods.ts';
import { Problem } from '../problem.ts';
import { type AdminRequest, type Answer, defineRoute, type Route } from '../route.ts';
import { LITELLM_SCOPE, visibleFilter } from '../usage-scope.ts';

/** How many single calls the route without pages answers. */
const NEWEST_MAX = 1000;
const PAGE_SIZE_MAX = 100;
/** Behind so many calls only a cursor leads. */
const SKIP_MAX = 10_000;

const summaryView = z
  .object({
    startTime: z.string(),
    spend: z.number(),
    users: z.record(z.string(), z.number()),
    models: z.record(z.string(), z.number()),
  })
  .catchall(z.unknown())
  .openapi({ description: 'A day (UTC), with what each key spent under its id.' });

const filterShape = {
  api_key: someName.openapi({ description: 'The public id of a key, or the key.' }),
  user_id: someName,
  request_id: someName,
  start_date: startDate.optional(),
  end_date: endDate.optional(),
} as const;

const logsInput = z.strictObject({
  ...filterShape,
  summarize: flag.default(true).openapi({ description: 'With both dates: sums by day instead of single calls.' }),
});

const pageInput = z.strictObject({
  ...filterShape,
  team_id: someName,
  end_user: someName,
  session_id: someName,
  tag: someName,
  model: someModel,
  status_filter: z.enum(['success', 'failure']).optional(),
  sort_by: z.literal('startTime').optional(),
  sort_order: z.literal('desc').optional(),
  page: z.coerce.number().int().min(1).max(SKIP_MAX).default(1),
  page_size: z.coerce.number().int().min(1).max(PAGE_SIZE_MAX).default(50),
  cursor: z
    .string()
    .regex(/^\d{1,15}_[0-9a-f-]{36}$/, 'is no cursor of ours')
    .optional()
    .openapi({
      description: 'The next_cursor of the page before: pages so far back that page no longer reaches them.',
    }),
});

/** Single calls, and what was spent by day. */
export const SPEND_LOG_ROUTES: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/spend/logs',
    summary: `What was spent by day, or the newest ${NEWEST_MAX} calls`,
    access: 'anyKey',
    input: logsInput,
    answer: z.array(z.union([spendLogView, summaryView])),
    handle: async (input, request) => {
      const { start_date: fromMs, end_date: untilMs, request_id: id } = input;
      if (fromMs !== undefined && untilMs !== undefined && input.summarize && id === undefined) {
        return { body: await summarize(input, { fromMs, untilMs }, request) };
      }
      return newest(input, request);
    },
  }),
  defineRoute({
    method: 'get',
    path: '/spend/logs/v2',
    summary: 'A page of single calls, the newest first',
    access: 'anyKey',
    input: pageInput,
    answer: z.object({
      data: z.array(spendLogView),
      total: z.number().openapi({ description: 'Up to 10,000; more are told as 10,000.' }),
      page: z.number(),
      page_size: z.number(),
      total_pages: z.number(),
      next_cursor: z.string().nullable(),
    }),
    handle: page,
  }),
];

async function summarize(
  { api_key: key, user_id: user }: z.infer<typeof logsInput>,
  period: Period,
  request: AdminRequest,
): Promise<unknown> {
  const { ledger } = request.parts;
  const days = daysOf(period, 'end_date');
  const filter = await visibleFilter(scopeOf({ key, user }), request, LITELLM_SCOPE);
  const groupBy = ['key', 'user', 'model'] as const;
  const rows = await allUsage({ groupBy, bucket: 'day', filter, ...period, order: 'time' }, 'end_date', ledger);
  const byDay = Map.groupBy(rows, ({ bucketStartMs }) => bucketStartMs);
  return days.map((day) => {
    const ofDay = byDay.get(day) ?? [];
    return {
      ...spendBy(ofDay, groupBy.indexOf('key')),
      startTime: dateText(day),
      spend: spendOf(ofDay),
      users: spendBy(ofDay, groupBy.indexOf('user')),
      models: spendBy(ofDay, groupBy.indexOf('model')),
    };
  });
}

/** Calls that have none are in the whole only. */
function spendBy(rows: readonly UsageRow[], index: number): Readonly<Record<string, number>> {
  const groups = Map.groupBy(rows, ({ group }) => group[index] ?? '');
  return Object.fromEntries([...groups].filter(([id]) => id !== '').map(([id, of]) => [id, spendOf(of)]));
}

function spendOf(rows: readonly UsageRow[]): number {
  return usdNumber(rows.reduce((nanos, { sums }) => nanos + sums.costNanos, 0n));
}

async function newest(input: z.infer<typeof logsInput>, request: AdminRequest): Promise<Answer> {
  const { ledger } = request.parts;
  const filter = await callFilter(input, request);
  if (input.request_id !== undefined) {
    const call = await oneCall(input.request_id, filter, request);
    return { body: call === null ? [] : [viewCall(call)] };
  }
  const calls: StoredCall[] = [];
  let after: CallPosition | null = null;
  do {
    const found = await ledger.listCalls(filter, { size: PAGE_SIZE_MAX, after, skip: 0 });
    calls.push(...found.rows);
    after = found.next;
  } while (after !== null && calls.length < NEWEST_MAX);
  const headers = { 'x-total-count': String(after === null ? calls.length : await ledger.countCalls(filter)) };
  return { body: calls.map(viewCall), headers };
}

async function page(input: z.infer<typeof pageInput>, request: AdminRequest): Promise<Answer> {
  const { ledger } = request.parts;
  const { page: number, page_size: size } = input;
  const filter = await callFilter(input, request);
  if (input.request_id !== undefined) {
    const call = await oneCall(input.request_id, filter, request);
    const rows = call === null ? [] : [viewCall(call)];
    return { body: { data: rows, total: rows.length, page: 1, page_size: size, total_pages: 1, next_cursor: null } };
  }
  const after = input.cursor === undefined ? null : positionOf(input.cursor);
  const skip = after === null ? (number - 1) * size : 0;
  if (skip > SKIP_MAX) {
    throw new Problem(422, `page: is beyond ${SKIP_MAX} calls: go on with cursor.`, { param: 'page' });
  }
  const found = await ledger.listCalls(filter, { size, after, skip });
  const total = await ledger.countCalls(filter);
  return {
    body: {
      data: found.rows.map(viewCall),
      total,
      page: number,
      page_size: size,
      total_pages: Math.ceil(total / size),
      next_cursor: found.next === null ? null : `${found.next.startedAtMs}_${found.next.id}`,
    },
  };
}

function positionOf(cursor: string): CallPosition {
  const [startedAtMs = '', id = ''] = cursor.split('_', 2);
  return { startedAtMs: Number(startedAtMs), id };
}
