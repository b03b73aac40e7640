import type { Charge } from '../domain/limits/charges.ts';
import { type Limit, maxAt } from '../domain/limits/limit.ts';
import { calendarSpan } from '../domain/limits/window.ts';

/** What a call left of the budgets it ran under. */
export interface BudgetsAfter {
  readonly charges: readonly Charge[];
  /** What each had left while the call held its share, in the same order. */
  readonly remaining: readonly number[];
  /** In nano-dollars; null where it is not known, and what was held stays held. */
  readonly spentNanos: number | null;
  /** What the key and the team are called in metrics; null for none. */
  readonly key: string | null;
  readonly team: string | null;
}

/** What somebody may still spend, in dollars. */
export interface RemainingBudget {
  readonly of: string;
  readonly usd: number;
}

interface Left {
  readonly limit: Limit;
  readonly nanos: number;
  readonly atMs: number;
}

/**
 * What keys and teams may still spend, each as its last call left it. Of several budgets the one counts that has least.
 * Within a bound: who has not called for longest is left out, and counted.
 */
export class RemainingBudgets {
  readonly #eachMax: number;
  readonly #keys = new Map<string, Left>();
  readonly #teams = new Map<string, Left>();
  #leftOut = 0;

  constructor(eachMax: number) {
    this.#eachMax = eachMax;
  }

  /** How often one was left out to make room. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** Told of each call under limits: some comparisons, and a write to a map for its key and its team. */
  note({ charges, remaining, spentNanos, key, team }: BudgetsAfter, nowMs: number): void {
    let ofKey: Left | null = null;
    let ofTeam: Left | null = null;
    for (const [index, { limit, amount }] of charges.entries()) {
      if (!isWholeBudget(limit)) continue;
      const nanos = (remaining[index] ?? 0) + (spentNanos === null ? 0 : amount - spentNanos);
      if (limit.scope.kind === 'key' && (ofKey === null || nanos < ofKey.nanos)) ofKey = { limit, nanos, atMs: nowMs };
      if (limit.scope.kind === 'team' && (ofTeam === null || nanos < ofTeam.nanos)) {
        ofTeam = { limit, nanos, atMs: nowMs };
      }
    }
    if (ofKey !== null && key !== null) this.#put(this.#keys, key, ofKey);
    if (ofTeam !== null && team !== null) this.#put(this.#teams, team, ofTeam);
  }

  keys(nowMs: number): readonly RemainingBudget[] {
    return [...this.#keys].map(([of, left]) => ({ of, usd: usdNow(left, nowMs) }));
  }

  teams(nowMs: number): readonly RemainingBudget[] {
    return [...this.#teams].map(([of, left]) => ({ of, usd: usdNow(left, nowMs) }));
  }

  #put(all: Map<string, Left>, name: string, left: Left): void {
    // Behind all others: the first is who has not called for longest.
    all.delete(name);
    all.set(name, left);
    if (all.size <= this.#eachMax) return;
    const [oldest] = all.keys();
    if (oldest !== undefined) all.delete(oldest);
    this.#leftOut += 1;
  }
}

/** A budget of all that a key or a team does, which refuses what is beyond it. */
function isWholeBudget({ kind, hard, model, tag }: Limit): boolean {
  return kind === 'spend' && hard && model === null && tag === null;
}

const NANOS_PER_USD = 1e9;

/** A budget that has begun anew since is whole. */
function usdNow({ limit, nanos, atMs }: Left, nowMs: number): number {
  const { window } = limit;
  const isOver = window.kind === 'calendar' && calendarSpan(window.unit, window.count, atMs).endMs <= nowMs;
  return (isOver ? maxAt(limit, nowMs) : nanos) / NANOS_PER_USD;
}
