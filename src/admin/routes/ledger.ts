import { z } from '@hono/zod-openapi';
import type { Repriced } from '../../domain/ledger.ts';
import type { CallCost } from '../../domain/call-record.ts';
import { usdText } from '../../domain/usd.ts';
import { DAY_MS, momentOrAgo, type Period, requireSome, resolveMoment } from '../periods.ts';
import { Problem } from '../problem.ts';
import { newPriceOf, resolveModels } from '../reprice.ts';
import { type AdminRequest, type Answer, defineRoute, originOf, type Route } from '../route.ts';
import { date } from '../views.ts';

const PERIOD_MS_MAX = 400 * DAY_MS;

/** After so long an answer is given, and the rest is for the next request. */
const AT_ONCE_MS = 10_000;

/** A slice is done as a whole, so it has to be short: it grows and shrinks with the number of calls in it. */
const SLICE_MS_FIRST = 15 * 60_000;
const SLICE_MS_MIN = 1000;
const SLICE_CALLS = 2000;

const statusView = z.object({
  spool_bytes: z.number().openapi({ description: 'What waits on the disk of this instance.' }),
  spool_bytes_max: z.number(),
  is_full: z.boolean().openapi({ description: 'New calls are refused because they could not be recorded.' }),
  is_store_down: z.boolean().openapi({ description: 'The database takes no records for now.' }),
  open_calls: z.number(),
  waiting_calls: z.number().openapi({ description: 'Calls that are over and not in the database yet.' }),
  refusals_not_recorded: z.number(),
  price_version: z.string(),
});

const amountsView = {
  calls: z.number(),
  cost_usd_before: z.string(),
  cost_usd_after: z.string(),
  difference_usd: z.string(),
} as const;

const repriceInput = z.strictObject({
  since: momentOrAgo,
  until: momentOrAgo.optional().openapi({ description: 'Exclusive. Default: now.' }),
  dry_run: z.boolean().default(false).openapi({ description: 'Only say what would change.' }),
});

const repriceView = z.object({
  since: z.string(),
  until: z.string(),
  done_until: z.string().openapi({ description: 'Ask again from there while it is before until.' }),
  dry_run: z.boolean(),
  price_version: z.string(),
  ...amountsView,
  changed: z.number(),
  became_priced: z.number(),
  became_unpriced: z.number(),
  kept: z.number().openapi({ description: 'Left as they are: AWS does not say now what their model stands for.' }),
  models: z.array(z.object({ model: z.string(), ...amountsView })).openapi({ description: 'Those that changed.' }),
});

/** The ledger itself: its state, and pricing a period anew. */
export const LEDGER_ROUTES: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/ledger/status',
    summary: 'What waits to be written into the ledger by this instance',
    access: 'auditor',
    input: z.strictObject({}),
    answer: statusView,
    handle: (_input, { parts }) => Promise.resolve({ body: viewStatus(parts.ledger.state(), parts.prices.version) }),
  }),
  defineRoute({
    method: 'post',
    path: '/ledger/reprice',
    summary: 'Price the single records of a period by the prices in force, and say what that changes',
    access: 'master',
    input: repriceInput,
    answer: repriceView,
    handle: reprice,
  }),
];

function viewStatus(
  state: ReturnType<AdminRequest['parts']['ledger']['state']>,
  priceVersion: string,
): z.infer<typeof statusView> {
  return {
    spool_bytes: state.spoolBytes,
    spool_bytes_max: state.spoolBytesMax,
    is_full: state.isFull,
    is_store_down: state.isStoreDown,
    open_calls: state.openCalls,
    waiting_calls: state.waitingEnds,
    refusals_not_recorded: state.refusalsNotRecorded,
    price_version: priceVersion,
  };
}

async function reprice(asked: z.infer<typeof repriceInput>, request: AdminRequest): Promise<Answer> {
  const { clock, ledger, prices } = request.parts;
  const period = periodOf(asked, clock.nowMs());
  const facts = { since: date(period.fromMs), until: date(period.untilMs), price_version: prices.version };
  // Before anything changes, so that nothing changes without it.
  if (!asked.dry_run) await ledger.note(originOf(request, 'ledger.reprice'), null, facts);

  const { sums, models, kept, doneUntilMs } = await repriceSlices(period, asked.dry_run, request);
  const done = {
    ...viewAmounts(sums.calls, sums.nanosBefore, sums.nanosAfter),
    changed: [...models.values()].reduce((count, { calls }) => count + calls, 0),
    became_priced: sums.becamePriced,
    became_unpriced: sums.becameUnpriced,
    kept,
  };
  if (!asked.dry_run && sums.changed > 0) {
    const { cost_usd_before: before, cost_usd_after: after, ...counts } = done;
    await ledger.note(
      originOf(request, 'ledger.repriced'),
      { cost_usd: before },
      { cost_usd: after, ...facts, until: date(doneUntilMs), ...counts },
    );
  }
  return {
    body: {
      ...facts,
      done_until: date(doneUntilMs),
      dry_run: asked.dry_run,
      ...done,
      models: [...models].map(([model, { calls, before, after }]) => ({ model, ...viewAmounts(calls, before, after) })),
    },
  };
}

interface ModelChange {
  calls: number;
  before: bigint;
  after: bigint;
}

interface RepricedSlices {
  readonly sums: Repriced;
  readonly models: ReadonlyMap<string, ModelChange>;
  readonly kept: number;
  readonly doneUntilMs: number;
}

/** One slice after the other, until the period or the time is over. */
async function repriceSlices(period: Period, isTrial: boolean, { parts }: AdminRequest): Promise<RepricedSlices> {
  const { clock, ledger, prices } = parts;
  const resolved = await resolveModels(period, parts);
  const models = new Map<string, ModelChange>();
  let sums: Repriced = { calls: 0, changed: 0, becamePriced: 0, becameUnpriced: 0, nanosBefore: 0n, nanosAfter: 0n };
  let kept = 0;
  const startedMs = clock.elapsedMs();
  let { fromMs } = period;
  let sliceMs = SLICE_MS_FIRST;
  while (fromMs < period.untilMs && clock.elapsedMs() - startedMs < AT_ONCE_MS) {
    const untilMs = Math.min(fromMs + sliceMs, period.untilMs);
    const part = await ledger.reprice({
      fromMs,
      untilMs,
      isTrial,
      price: (call) => {
        const { cost, priceVersion } = call;
        const price = newPriceOf(call, resolved, prices);
        if (price === null) kept += 1;
        else noteChange(models, call.modelId ?? '', cost, price.cost);
        return price ?? { cost, priceVersion };
      },
    });
    sums = addedUp(sums, part);
    fromMs = untilMs;
    sliceMs = part.calls > SLICE_CALLS ? Math.max(sliceMs / 2, SLICE_MS_MIN) : Math.min(sliceMs * 2, DAY_MS);
  }
  return { sums, models, kept, doneUntilMs: fromMs };
}

function noteChange(models: Map<string, ModelChange>, model: string, before: CallCost, after: CallCost): void {
  const [beforeNanos, afterNanos] = [nanosOf(before), nanosOf(after)];
  if (beforeNanos === afterNanos) return;
  const change = models.get(model) ?? { calls: 0, before: 0n, after: 0n };
  models.set(model, change);
  change.calls += 1;
  change.before += beforeNanos ?? 0n;
  change.after += afterNanos ?? 0n;
}

function addedUp(a: Repriced, b: Repriced): Repriced {
  return {
    calls: a.calls + b.calls,
    changed: a.changed + b.changed,
    becamePriced: a.becamePriced + b.becamePriced,
    becameUnpriced: a.becameUnpriced + b.becameUnpriced,
    nanosBefore: a.nanosBefore + b.nanosBefore,
    nanosAfter: a.nanosAfter + b.nanosAfter,
  };
}

function viewAmounts(calls: number, before: bigint, after: bigint): z.infer<z.ZodObject<typeof amountsView>> {
  return {
    calls,
    cost_usd_before: usdText(before),
    cost_usd_after: usdText(after),
    difference_usd: usdText(after - before),
  };
}

/** @throws Problem 422 */
function periodOf({ since, until }: z.infer<typeof repriceInput>, nowMs: number): Period {
  const period = {
    fromMs: resolveMoment(since, nowMs),
    untilMs: until === undefined ? nowMs : resolveMoment(until, nowMs),
  };
  requireSome(period, until === undefined ? 'since' : 'until');
  if (period.untilMs - period.fromMs <= PERIOD_MS_MAX) return period;
  throw new Problem(422, 'since: is more than 400 days before the end of the period.', { param: 'since' });
}

function nanosOf(cost: CallCost): bigint | null {
  return cost.kind === 'known' ? cost.nanos : null;
}
