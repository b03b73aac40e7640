import { z } from '@hono/zod-openapi';
import { type HolderFacts, limitsInForce, type StoredKey } from '../../domain/holders.ts';
import { dollarsToNanos } from '../../domain/limits/dollars.ts';
import type { Limit } from '../../domain/limits/limit.ts';
import { windowText } from '../../domain/limits/window.ts';
import type { Page, SpenderKind } from '../../domain/lists.ts';
import { dayStartOf } from '../../domain/spend-mark.ts';
import { usdNumber } from '../../domain/usd.ts';
import { isAdmin, leadsTeam } from '../actor.ts';
import { requireKey } from '../find-key.ts';
import { requireBoundAlike } from '../held-limits.ts';
import { dollars } from '../limit-inputs.ts';
import { readLimits } from '../limits.ts';
import type { AdminParts } from '../ports.ts';
import { Problem } from '../problem.ts';
import { type AdminRequest, type Answer, changing, defineRoute, type Route } from '../route.ts';
import { type Spending, spendingOf } from '../spending.ts';
import { date } from '../views.ts';

const PAGE_SIZE = 100;

/** Whoever may say what a key of the team may spend. */
function requireMayReset(key: StoredKey, { actor }: AdminRequest): void {
  if (!isAdmin(actor) && !leadsTeam(actor, key.teamId)) {
    throw new Problem(403, 'What a key has spent is set back by an admin of its team or by a proxy admin.', {
      param: 'key',
    });
  }
  requireBoundAlike(actor, { ...key, keyId: null });
}

/** As LiteLLM: spending can be forgiven, not made up. @throws Problem 400, 503 */
function requireLess(resetTo: bigint, spending: Spending, limits: readonly Limit[]): bigint {
  const { spentNanos, inForce } = spending;
  if (spentNanos === null) {
    throw new Problem(503, 'What the key has spent can not be told right now: try again shortly.');
  }
  const max = dollarsToNanos(inForce?.['max_budget']);
  const fault =
    resetTo > spentNanos
      ? `is more than the current spend of ${usdNumber(spentNanos)}`
      : max !== null && resetTo > BigInt(max)
        ? 'is more than max_budget'
        : // What was spent in one window says nothing of what was spent in another.
          resetTo > 0n && new Set(limits.map(({ window }) => windowText(window))).size > 1
          ? 'has to be 0 for a key with budgets of several durations'
          : null;
  if (fault !== null) throw new Problem(400, `reset_to: ${fault}.`, { param: 'reset_to' });
  return spentNanos;
}

async function resetKey(
  { key: reference, reset_to }: { readonly key: string; readonly reset_to: string },
  request: AdminRequest,
): Promise<Answer> {
  const { actor, parts } = request;
  const key = await requireKey(parts.store.read, reference, actor, parts);
  requireMayReset(key, request);
  const [spending] = await spendingOf('key', [key], parts);
  if (spending === undefined) throw new RangeError('A key has no spending.');
  const nanos = BigInt(dollarsToNanos(reset_to) ?? 0);
  const limits = wholeSpendLimits('key', { id: key.id, limits: spending.inForce });
  const spentNanos = requireLess(nanos, spending, limits);

  const nowMs = parts.clock.nowMs();
  const today = await parts.metering.spent('key', [key.id], dayStartOf(nowMs));
  const mark = { atMs: nowMs, nanos, dayNanos: today.get(key.id) ?? 0n };
  await changing(request, 'key.reset_spend', async (change) => {
    // Looked up again: what is gone, or somebody else's by now, is not to be changed.
    requireMayReset(await requireKey(change, key.id, actor, parts), request);
    await change.setSpendMark('key', key.id, mark, { spentNanos });
  });
  await resetCounters(limits, Number(nanos), parts);
  const max = dollarsToNanos(spending.inForce?.['max_budget']);
  return {
    body: {
      key_hash: key.id,
      spend: usdNumber(nanos),
      previous_spend: usdNumber(spentNanos),
      max_budget: max === null ? null : usdNumber(BigInt(max)),
      budget_reset_at: spending.resetAtMs === null ? null : date(spending.resetAtMs),
    },
  };
}

/** The marks come first: counters can be lost, and are then restored from the ledger and the marks. */
async function resetEveryone(request: AdminRequest): Promise<Answer> {
  const { parts } = request;
  const nowMs = parts.clock.nowMs();
  const spentToday = (kind: SpenderKind) => parts.metering.spent(kind, null, dayStartOf(nowMs));
  const dayNanos = { key: await spentToday('key'), team: await spentToday('team') };
  await changing(request, 'spend.reset', (change) => change.setSpendMarkOfEveryone(nowMs, dayNanos));

  const { read } = parts.store;
  await resetAll('key', (page) => read.listKeys({}, { page, size: PAGE_SIZE }, { by: 'id', order: 'asc' }), parts);
  await resetAll('team', (page) => read.listTeams({}, { page, size: PAGE_SIZE }), parts);
  return { body: { message: 'Spend for all API Keys and Teams reset successfully', status: 'success' } };
}

type Holder = Pick<HolderFacts, 'limits' | 'budgetId'> & { readonly id: string };

async function resetAll(
  kind: SpenderKind,
  list: (page: number) => Promise<Page<Holder>>,
  parts: AdminParts,
): Promise<void> {
  for (let page = 1; ; page += 1) {
    const { rows } = await list(page);
    const budgetIds = [...new Set(rows.map(({ budgetId }) => budgetId).filter((id) => id !== null))];
    const budgets = new Map((await parts.store.read.getBudgets(budgetIds)).map(({ id, limits }) => [id, limits]));
    const limits = rows.flatMap(({ id, limits: own, budgetId }) =>
      wholeSpendLimits(kind, { id, limits: limitsInForce(own, budgets.get(budgetId ?? '') ?? null) }),
    );
    await resetCounters(limits, 0, parts);
    if (rows.length < PAGE_SIZE) return;
  }
}

/**
 * The limits of money over all models and tags. What is counted of a single model is not set back, as in LiteLLM.
 * @param holder with the limits in force
 */
function wholeSpendLimits(kind: SpenderKind, { id, limits }: Pick<Holder, 'id' | 'limits'>): readonly Limit[] {
  return readLimits({ kind, id }, limits).filter(
    (limit) => limit.kind === 'spend' && limit.model === null && limit.tag === null,
  );
}

/** @throws Problem 503 */
async function resetCounters(limits: readonly Limit[], nanos: number, { metering }: AdminParts): Promise<void> {
  try {
    await Promise.all(limits.map((limit) => metering.reset(limit, nanos)));
  } catch (cause) {
    throw new Problem(503, 'The counters of limits are out of reach: it is noted, but send it again for it to count.', {
      cause,
    });
  }
}

/** What was spent is set back. The ledger keeps what it has. */
export const SPEND_RESET_ROUTES: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/key/{key}/reset_spend',
    summary: 'Set back what a key has spent, by key or public id',
    access: 'manager',
    input: z.strictObject({ key: z.string(), reset_to: dollars }),
    answer: z.object({
      key_hash: z.string().openapi({ description: 'The public id of the key.' }),
      spend: z.number(),
      previous_spend: z.number(),
      max_budget: z.number().nullable(),
      budget_reset_at: z.string().nullable(),
    }),
    handle: resetKey,
  }),
  defineRoute({
    method: 'post',
    path: '/global/spend/reset',
    summary: 'Set back what all keys and teams have spent; users and customers go on',
    access: 'master',
    input: z.strictObject({}),
    answer: z.object({ message: z.string(), status: z.string() }),
    handle: (_input, request) => resetEveryone(request),
  }),
];
