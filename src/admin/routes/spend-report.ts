import { z } from '@hono/zod-openapi';
import type { UsageDimension, UsageFilter, UsageRow } from '../../domain/ledger.ts';
import { addedUp, promptTokensOf } from '../../domain/usage-sums.ts';
import { usdNumber } from '../../domain/usd.ts';
import { allUsage } from '../all-usage.ts';
import { someName } from '../ledger-inputs.ts';
import { dateText, daysOf, endDate, startDate } from '../periods.ts';
import { type AdminRequest, type Answer, defineRoute, type Route } from '../route.ts';
import { type ScopeFields, visibleFilter } from '../usage-scope.ts';
import { idsOf } from '../usage-views.ts';

const FIELDS: ScopeFields = { key: 'api_key', team: 'team_id', user: 'internal_user_id' };
const NO_TEAM = 'Unassigned Team';

const input = z.strictObject({
  start_date: startDate,
  end_date: endDate,
  group_by: z.enum(['team', 'customer', 'api_key']).default('team').openapi({
    description: 'With api_key or internal_user_id: always by key. With team_id and customer_id: by both.',
  }),
  api_key: someName.openapi({ description: 'The public id of a key, or the key.' }),
  internal_user_id: someName,
  team_id: someName,
  customer_id: someName,
});

const partsView = z.array(
  z.object({ model: z.string(), api_key: z.string(), spend: z.number(), total_tokens: z.number() }),
);
const groupView = z.object({
  team_id: z.string().optional(),
  team_name: z.string().optional(),
  customer: z.string().optional(),
  total_spend: z.number(),
  metadata: partsView,
});
const dayView = z.object({
  group_by_day: z.string(),
  teams: z.array(groupView).optional(),
  customers: z.array(groupView).optional(),
  teams_customers: z.array(groupView).optional(),
});
const modelTotals = {
  total_cost: z.number(),
  total_input_tokens: z.number(),
  total_output_tokens: z.number(),
} as const;
const keyView = z.object({
  api_key: z.string(),
  ...modelTotals,
  model_details: z.array(z.object({ model: z.string(), ...modelTotals })),
});

/** LiteLLM's report of a period, by team or customer and day, or by key. */
export const SPEND_REPORT_ROUTES: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/global/spend/report',
    summary: 'What was spent in a period, by team or customer and day, or by key',
    access: 'anyKey',
    input,
    answer: z.array(z.union([dayView, keyView])),
    handle: report,
  }),
];

async function report(asked: z.infer<typeof input>, request: AdminRequest): Promise<Answer> {
  const { ledger } = request.parts;
  const period = { fromMs: asked.start_date, untilMs: asked.end_date };
  daysOf(period, 'end_date');
  const filter = await visibleFilter(filterOf(asked), request, FIELDS);
  const rowsBy = (groupBy: readonly UsageDimension[], bucket: 'day' | 'none') =>
    allUsage({ groupBy, bucket, filter, ...period, order: 'time' }, 'end_date', ledger);

  const layout = layoutOf(asked);
  if (layout === 'byKey') return { body: viewKeys(await rowsBy(['key', 'model'], 'none')) };
  const groupBy = [...layout.by, 'model', 'key'] as const;
  const rows = await rowsBy(groupBy, 'day');
  const names = await ledger.teamNames(idsOf('team', rows, groupBy));
  const days = Map.groupBy(rows, ({ bucketStartMs }) => bucketStartMs ?? 0);
  return {
    body: [...days].map(([day, ofDay]) => ({
      group_by_day: `${dateText(day)}T00:00:00+00:00`,
      [layout.list]: viewGroups(ofDay, layout, names),
    })),
  };
}

/** A day by team, by customer, or by both. */
interface Layout {
  readonly list: 'teams' | 'customers' | 'teams_customers';
  readonly by: readonly ('team' | 'customer')[];
}

function layoutOf(asked: z.infer<typeof input>): Layout | 'byKey' {
  if (asked.api_key !== undefined || asked.internal_user_id !== undefined) return 'byKey';
  if (asked.team_id !== undefined && asked.customer_id !== undefined) {
    return { list: 'teams_customers', by: ['team', 'customer'] };
  }
  switch (asked.group_by) {
    case 'team':
      return { list: 'teams', by: ['team'] };
    case 'customer':
      return { list: 'customers', by: ['customer'] };
    case 'api_key':
      return 'byKey';
  }
}

function viewGroups(
  rows: readonly UsageRow[],
  { by }: Layout,
  teams: ReadonlyMap<string, string | null>,
): z.infer<typeof groupView>[] {
  const groups = Map.groupBy(rows, ({ group }) => JSON.stringify(group.slice(0, by.length)));
  return [...groups.values()].map((ofGroup) => {
    const of = (dimension: 'team' | 'customer') => ofGroup[0]?.group[by.indexOf(dimension)] ?? '';
    const team = of('team');
    return {
      ...(by.includes('team') ? { team_id: team, team_name: team === '' ? NO_TEAM : (teams.get(team) ?? team) } : {}),
      ...(by.includes('customer') ? { customer: of('customer') } : {}),
      total_spend: spendOf(ofGroup),
      metadata: ofGroup.map(({ group, sums }) => ({
        model: group[by.length] ?? '',
        api_key: group[by.length + 1] ?? '',
        spend: usdNumber(sums.costNanos),
        total_tokens: promptTokensOf(sums) + sums.outputTokens,
      })),
    };
  });
}

/** Keys by what they cost, each with its models. */
function viewKeys(rows: readonly UsageRow[]): z.infer<typeof keyView>[] {
  const keys = Map.groupBy(rows, ({ group }) => group[0] ?? '');
  return [...keys]
    .map(([key, ofKey]) => ({
      api_key: key,
      ...viewTotals(ofKey),
      model_details: ofKey.map((row) => ({ model: row.group[1] ?? '', ...viewTotals([row]) })),
    }))
    .toSorted((a, b) => b.total_cost - a.total_cost);
}

function viewTotals(rows: readonly UsageRow[]): z.infer<z.ZodObject<typeof modelTotals>> {
  const sums = addedUp(rows.map((row) => row.sums));
  return {
    total_cost: usdNumber(sums.costNanos),
    total_input_tokens: promptTokensOf(sums),
    total_output_tokens: sums.outputTokens,
  };
}

function spendOf(rows: readonly UsageRow[]): number {
  return usdNumber(addedUp(rows.map(({ sums }) => sums)).costNanos);
}

function filterOf(asked: z.infer<typeof input>): UsageFilter {
  const only = (value: string | undefined) => (value === undefined ? undefined : [value]);
  return {
    key: only(asked.api_key),
    user: only(asked.internal_user_id),
    team: only(asked.team_id),
    customer: only(asked.customer_id),
  };
}
