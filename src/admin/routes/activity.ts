import { z } from '@hono/zod-openapi';
import type { UsageFilter } from '../../domain/ledger.ts';
import { allUsage } from '../all-usage.ts';
import { leadsTeam, seesAll } from '../actor.ts';
import { type ActivityOf, activityView, viewActivity } from '../activity-views.ts';
import { someModel, someName, splitList } from '../ledger-inputs.ts';
import { DAY_MS, daysOf } from '../periods.ts';
import { type AdminRequest, type Answer, defineRoute, type Route } from '../route.ts';
import { LITELLM_SCOPE, visibleFilter } from '../usage-scope.ts';

const dayDate = z.iso
  .date()
  .transform((text) => Date.parse(text))
  .openapi({ type: 'string', format: 'date' });

const periodShape = {
  start_date: dayDate,
  end_date: dayDate.openapi({ description: 'Included; days are of UTC. At most 366 days.' }),
  model: someModel,
  api_key: someName.openapi({ description: 'The public id of a key, or the key.' }),
} as const;
const daysShape = {
  page: z.coerce.number().int().min(1).max(100_000).default(1),
  page_size: z.coerce.number().int().min(1).max(1000).default(50).openapi({ description: 'In days.' }),
} as const;

const userInput = z.strictObject({ ...periodShape, ...daysShape, user_id: someName });
const userWholeInput = z.strictObject({ ...periodShape, user_id: someName });
const teamInput = z.strictObject({
  ...periodShape,
  ...daysShape,
  team_ids: z.string().min(1).max(4096).optional().openapi({
    description: 'Separated by commas. Default: for administrators all, for others the teams they lead.',
  }),
});

/** What was used on each day, the newest first, with LiteLLM's breakdowns. Totals are of the page. */
export const ACTIVITY_ROUTES: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/user/daily/activity',
    summary: 'What was used day by day, of a user or of all, a page of days',
    access: 'anyKey',
    input: userInput,
    answer: activityView,
    handle: (input, request) => activity(input, only('user', input.user_id), 'user', input, request),
  }),
  defineRoute({
    method: 'get',
    path: '/user/daily/activity/aggregated',
    summary: 'What was used day by day, of a user or of all, without pages',
    access: 'anyKey',
    input: userWholeInput,
    answer: activityView,
    handle: (input, request) => activity(input, only('user', input.user_id), 'user', null, request),
  }),
  defineRoute({
    method: 'get',
    path: '/team/daily/activity',
    summary: 'What teams used day by day, a page of days',
    access: 'anyKey',
    input: teamInput,
    answer: activityView,
    handle: (input, request) => activity(input, teamsAsked(input.team_ids, request), 'team', input, request),
  }),
];

interface Asked {
  readonly start_date: number;
  readonly end_date: number;
  readonly model?: string | undefined;
  readonly api_key?: string | undefined;
}

/** @param page null for all days */
async function activity(
  { start_date: fromMs, end_date: lastDayMs, model, api_key: key }: Asked,
  of: UsageFilter,
  entity: ActivityOf,
  page: { readonly page: number; readonly page_size: number } | null,
  request: AdminRequest,
): Promise<Answer> {
  const { ledger } = request.parts;
  const period = { fromMs, untilMs: lastDayMs + DAY_MS };
  daysOf(period, 'end_date');
  const asked = { ...of, ...only('model', model), ...only('key', key) };
  const filter = await visibleFilter(asked, request, { ...LITELLM_SCOPE, team: 'team_ids' });
  const query = { bucket: 'day', filter, ...period, order: 'time' } as const;

  const days = (await allUsage({ ...query, groupBy: [] }, 'end_date', ledger)).map((row) => row.bucketStartMs ?? 0);
  const newestFirst = days.toReversed();
  const from = page === null ? 0 : (page.page - 1) * page.page_size;
  const shown = newestFirst.slice(from, page === null ? undefined : from + page.page_size);
  const [newest, oldest] = [shown[0], shown.at(-1)];
  const rows =
    newest === undefined || oldest === undefined
      ? []
      : await allUsage(
          { ...query, groupBy: [entity, 'key', 'model'], fromMs: oldest, untilMs: newest + DAY_MS },
          'end_date',
          ledger,
        );
  const pages = page === null ? 1 : Math.ceil(days.length / page.page_size);
  return { body: await viewActivity(rows, entity, { page: page?.page ?? 1, pages }, ledger) };
}

/** Who sees not all is shown the teams it leads; without any, its own calls. */
function teamsAsked(text: string | undefined, { actor }: AdminRequest): UsageFilter {
  if (text !== undefined) return { team: splitList(text) };
  if (actor.kind === 'master' || seesAll(actor)) return {};
  const led = [...actor.adminOf].filter((team) => leadsTeam(actor, team));
  return led.length === 0 ? {} : { team: led };
}

function only(dimension: 'user' | 'model' | 'key', value: string | undefined): UsageFilter {
  return value === undefined ? {} : { [dimension]: [value] };
}
