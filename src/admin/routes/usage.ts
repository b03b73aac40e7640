import { z } from '@hono/zod-openapi';
import { csvText } from '../../domain/csv.ts';
import { USAGE_DIMENSIONS, type UsageDimension, type UsageFilter, type UsageQuery } from '../../domain/ledger.ts';
import { usageColumns } from '../../domain/usage-columns.ts';
import { addedUp } from '../../domain/usage-sums.ts';
import { allUsage } from '../all-usage.ts';
import { textList, usagePageShape } from '../ledger-inputs.ts';
import { DAY_MS, momentOrAgo, type Period, requireSome, resolveMoment, wholeDays } from '../periods.ts';
import { Problem } from '../problem.ts';
import { type AdminRequest, type Answer, defineRoute, type Route } from '../route.ts';
import { visibleFilter } from '../usage-scope.ts';
import { amountsView, usageRowView, viewAmounts, viewUsage } from '../usage-views.ts';
import { date, pagesOf } from '../views.ts';

const BUCKETS = ['none', 'hour', 'day', 'month'] as const;
const SINCE_MS_DEFAULT = 30 * DAY_MS;
const HOURS_MS_DEFAULT = DAY_MS;
const HOURS_MS_MAX = 8 * DAY_MS;

const FIELDS = { key: 'key', team: 'team', user: 'user' } as const;

const values = textList.optional().openapi({
  type: 'string',
  description: 'One of these, separated by commas (\\, is a comma itself); empty: calls that have none.',
});
const filterShape: { readonly [Dimension in UsageDimension]: typeof values } = {
  key: values,
  team: values,
  user: values,
  customer: values,
  tag: values,
  model: values,
  region: values,
  service: values,
  operation: values,
};

const input = z.strictObject({
  group_by: z
    .string()
    .transform((text, context): readonly UsageDimension[] => {
      const asked = text === '' ? [] : text.split(',').map((part) => part.trim());
      const known = USAGE_DIMENSIONS.filter((dimension) => asked.includes(dimension));
      if (known.length !== asked.length) {
        context.addIssue({ code: 'custom', message: `takes each of ${USAGE_DIMENSIONS.join(', ')} once` });
      }
      return known.toSorted((a, b) => asked.indexOf(a) - asked.indexOf(b));
    })
    .optional()
    .openapi({ type: 'string', description: `Some of ${USAGE_DIMENSIONS.join(', ')}, separated by commas.` }),
  bucket: z.enum(BUCKETS).default('none').openapi({
    description: 'Hours are told of at most 8 days, as long as single records are kept; the others for ever.',
  }),
  since: momentOrAgo
    .optional()
    .openapi({ description: 'Default: 30d, with hours 1d. Whole days (UTC) but for hours.' }),
  until: momentOrAgo.optional().openapi({ description: 'Exclusive. Default: now.' }),
  ...filterShape,
  order: z.enum(['time', 'cost']).optional().openapi({
    description: 'By time and then by group, or the dearest first; the default without buckets.',
  }),
  format: z.enum(['json', 'csv']).optional().openapi({ description: 'Default: what Accept prefers, else json.' }),
  ...usagePageShape,
});

const answer = z.object({
  since: z.string(),
  until: z.string(),
  bucket: z.enum(BUCKETS),
  group_by: z.array(z.enum(USAGE_DIMENSIONS)),
  filter: z.record(z.string(), z.array(z.string())).openapi({
    description: 'What was counted: also what the caller is held to, because it sees no more.',
  }),
  rows: z.array(usageRowView),
  total: amountsView.openapi({
    description: 'Of all pages. Rows by tag add up to more: a call counts once for each of its tags.',
  }),
  page: z.number(),
  page_size: z.number(),
  total_rows: z.number(),
  total_pages: z.number(),
});

/** What was used: any grouping, any filter, any bucket. */
export const USAGE_ROUTES: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/usage',
    summary: 'What was used and what it cost, by anything, as JSON or CSV',
    access: 'anyKey',
    input,
    answer,
    handle: report,
  }),
];

async function report(asked: z.infer<typeof input>, request: AdminRequest): Promise<Answer> {
  const { ledger } = request.parts;
  const { page, page_size: size, bucket, group_by: groupBy = [] } = asked;
  const filter = await visibleFilter(filterOf(asked), request, FIELDS);
  const period = periodOf(asked, request.parts.clock.nowMs());
  const order = asked.order ?? (bucket === 'none' ? 'cost' : 'time');
  const query: UsageQuery = { groupBy, bucket, filter, ...period, order };
  const found = await ledger.usage(query, { page, size });
  const rows = await viewUsage(found.rows, query, ledger);
  if (asked.format === 'csv' || (asked.format === undefined && prefersCsv(request.accept))) {
    const columns = usageColumns(groupBy, bucket);
    const cells = rows.map((row) => new Map(Object.entries(row)));
    return {
      body: csvText([columns, ...cells.map((cell) => columns.map((column) => cell.get(column) ?? null))]),
      headers: {
        'content-type': 'text/csv; charset=utf-8; header=present',
        'content-disposition': 'attachment; filename="usage.csv"',
        'x-total-count': String(found.total),
      },
    };
  }
  const whole = await allUsage({ ...query, groupBy: [], bucket: bucket === 'hour' ? 'hour' : 'none' }, 'since', ledger);
  return {
    body: {
      since: date(period.fromMs),
      until: date(period.untilMs),
      bucket,
      group_by: groupBy,
      filter,
      rows,
      total: viewAmounts(addedUp(whole.map(({ sums }) => sums))),
      page,
      page_size: size,
      total_rows: found.total,
      total_pages: pagesOf(found, { page, size }),
    },
  };
}

/** By the first of what a client takes: who wants tables says so first. */
function prefersCsv(accept: string | null): boolean {
  return accept !== null && /^\s*text\/csv\s*(?:[;,]|$)/i.test(accept);
}

function filterOf(asked: z.infer<typeof input>): UsageFilter {
  return Object.fromEntries(
    USAGE_DIMENSIONS.map((dimension) => [dimension, asked[dimension]] as const).filter(([, of]) => of !== undefined),
  );
}

/** What is told is of whole days, so that is what the answer says. */
function periodOf({ bucket, since, until }: z.infer<typeof input>, nowMs: number): Period {
  const untilMs = until === undefined ? nowMs : resolveMoment(until, nowMs);
  const defaultMs = untilMs - (bucket === 'hour' ? HOURS_MS_DEFAULT : SINCE_MS_DEFAULT);
  const period = { fromMs: since === undefined ? defaultMs : resolveMoment(since, nowMs), untilMs };
  requireSome(period, until === undefined ? 'since' : 'until');
  if (bucket !== 'hour') return wholeDays(period);
  if (period.untilMs - period.fromMs > HOURS_MS_MAX) {
    throw new Problem(422, 'since: hours are told of at most 8 days: ask for days.', { param: 'since' });
  }
  return period;
}
