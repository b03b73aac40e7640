import { type HolderFacts, limitsInForce, type StoredBudget } from '../domain/holders.ts';
import type { JsonObject, JsonValue } from '../domain/json.ts';
import type { Limit } from '../domain/limits/limit.ts';
import { calendarSpan, type LimitWindow, parseWindow } from '../domain/limits/window.ts';
import type { SpenderKind } from '../domain/lists.ts';
import { countedSpend } from '../domain/spend-mark.ts';
import { readLimits } from './limits.ts';
import type { AdminParts } from './ports.ts';

/** What somebody has spent, and of what. */
export interface Spending {
  readonly budget: StoredBudget | null;
  /** The own limits and those of the budget. */
  readonly inForce: JsonObject | null;
  /** What counts against max_budget where there is one, else all that was ever spent; null where that can't be told. */
  readonly spentNanos: bigint | null;
  /** When max_budget begins anew; null where it never does at once. */
  readonly resetAtMs: number | null;
}

export type Spender = Pick<HolderFacts, 'limits' | 'budgetId'> & { readonly id: string };
type SpendingParts = Pick<AdminParts, 'store' | 'metering' | 'clock' | 'log'>;

interface Bound extends Omit<Spending, 'spentNanos'> {
  readonly id: string;
  readonly limit: Limit | null;
  readonly windowStartMs: number;
}

/**
 * What some holders of one kind have spent, in their order. Never throws for what can't be told of it: an answer that
 * holds a new key must not be lost over this.
 * @param holders at most 1,000 @throws what the store throws when budgets can't be read
 */
export async function spendingOf(
  kind: SpenderKind,
  holders: readonly Spender[],
  parts: SpendingParts,
): Promise<readonly Spending[]> {
  const ids = [...new Set(holders.map(({ budgetId }) => budgetId).filter((id) => id !== null))];
  const budgets = new Map((await parts.store.read.getBudgets(ids)).map((budget) => [budget.id, budget]));
  const nowMs = parts.clock.nowMs();
  const bounds = holders.map((holder) => boundOf(kind, holder, budgets.get(holder.budgetId ?? '') ?? null, nowMs));
  const spent = await spentBy(kind, bounds, parts).catch((error: unknown) => {
    parts.log.warn({ err: error }, 'what was spent can not be told');
    return null;
  });
  return bounds.map(({ budget, inForce, resetAtMs }, index) => ({
    budget,
    inForce,
    resetAtMs,
    spentNanos: spent?.[index] ?? null,
  }));
}

function boundOf(
  kind: SpenderKind,
  { id, limits, budgetId }: Spender,
  budget: StoredBudget | null,
  nowMs: number,
): Bound {
  const inForce = limitsInForce(limits, budgetId === null ? null : (budget?.limits ?? null));
  const [limit = null] = wholeBudgetOf(kind, id, inForce);
  const resetAtMs = resetOf(inForce?.['budget_duration'], nowMs);
  return { id, budget, inForce, limit, resetAtMs, windowStartMs: limit === null ? 0 : startOf(limit.window, nowMs) };
}

/** `max_budget`, and after it `soft_budget`. */
function wholeBudgetOf(kind: SpenderKind, id: string, inForce: JsonObject | null): readonly Limit[] {
  if (inForce === null) return [];
  const fields = Object.entries(inForce).filter(([name]) => WHOLE_BUDGET.has(name));
  return readLimits({ kind, id }, Object.fromEntries(fields));
}

const WHOLE_BUDGET: ReadonlySet<string> = new Set(['max_budget', 'soft_budget', 'budget_duration']);

async function spentBy(
  kind: SpenderKind,
  bounds: readonly Bound[],
  { store, metering }: SpendingParts,
): Promise<readonly bigint[]> {
  const limits = bounds.map(({ limit }) => limit).filter((limit) => limit !== null);
  const used = limits.length === 0 ? [] : await metering.used(limits);
  const counted = new Map<string, bigint>();
  limits.forEach(({ scope }, index) => {
    const use = used[index] ?? null;
    if (use !== null) counted.set(scope.id, BigInt(Math.max(0, use.used - use.reserved)));
  });

  const untold = bounds.filter(({ id }) => !counted.has(id));
  const marks = untold.length === 0 ? new Map() : await store.read.getSpendMarks(kind, untold.map(idOf));
  const questions = untold.map(({ id, windowStartMs }) => ({
    id,
    ...countedSpend(marks.get(id) ?? null, windowStartMs),
  }));
  // Few begin at different moments: those without a budget count from the beginning of time.
  for (const [sinceMs, asked] of Map.groupBy(questions, (question) => question.sinceMs)) {
    const spent = await metering.spent(kind, asked.map(idOf), sinceMs);
    for (const { id, plusNanos } of asked) {
      const nanos = (spent.get(id) ?? 0n) + plusNanos;
      counted.set(id, nanos < 0n ? 0n : nanos);
    }
  }
  return bounds.map(({ id }) => counted.get(id) ?? 0n);
}

function idOf({ id }: { readonly id: string }): string {
  return id;
}

function startOf(window: LimitWindow, nowMs: number): number {
  switch (window.kind) {
    case 'none':
    case 'forever':
      return 0;
    case 'rolling':
      return nowMs - window.seconds * 1000;
    case 'calendar':
      return calendarSpan(window.unit, window.count, nowMs).startMs;
  }
}

/** When a budget of this duration begins anew; null for one that does not do so all at once. */
export function resetOf(duration: JsonValue | undefined, nowMs: number): number | null {
  const window = typeof duration === 'string' ? parseWindow(duration) : null;
  return window?.kind === 'calendar' ? calendarSpan(window.unit, window.count, nowMs).endMs : null;
}
