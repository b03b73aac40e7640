import type { HolderFacts } from '../domain/holders.ts';
import type { JsonObject, JsonValue } from '../domain/json.ts';
import { LIMIT_FIELDS, LimitFieldError, limitsFromFields } from '../domain/limits/limit-fields.ts';
import type { Limit, LimitScope } from '../domain/limits/limit.ts';
import { type Actor, isAdmin } from './actor.ts';
import { Problem } from './problem.ts';

export type LimitField = (typeof LIMIT_FIELDS)[number];

/** What a request says of limits, in the form they are stored in. Null and empty: take it away; undefined: leave it. */
export type LimitInput = { readonly [Field in LimitField | 'budget_id']?: JsonValue | undefined };

type HeldLimits = Pick<HolderFacts, 'limits' | 'budgetId'>;

/** Half of what the domain allows, so that a holder's own limits fit together with those of any budget. */
const LIMITS_MAX = 50;

/** Whether a request says anything about limits. */
export function mentionsLimits(input: LimitInput): boolean {
  return input.budget_id !== undefined || LIMIT_FIELDS.some((field) => input[field] !== undefined);
}

/** The limits of a holder after a request. @throws Problem 403, 422 naming the field */
export function limitsAfter(input: LimitInput, base: HeldLimits, actor: Actor): HeldLimits {
  if (!mentionsLimits(input)) return { limits: base.limits, budgetId: base.budgetId };
  const { budget_id: budget = base.budgetId } = input;
  const budgetId = typeof budget === 'string' && budget !== '' ? budget : null;
  if (budgetId !== base.budgetId && !isAdmin(actor)) {
    throw new Problem(403, 'Only an administrator may say which shared budget binds whom.', { param: 'budget_id' });
  }
  const limits = limitFieldsAfter(input, base.limits ?? {});
  const isIncreased = input.temp_budget_increase !== undefined && limits['temp_budget_increase'] !== undefined;
  if (isIncreased && limits['max_budget'] === undefined && budgetId === null) {
    throw new Problem(422, 'temp_budget_increase: there is no max_budget to increase.', {
      param: 'temp_budget_increase',
    });
  }
  return { limits: Object.keys(limits).length === 0 ? null : limits, budgetId };
}

/** The fields of limits after a request. @throws Problem 422 naming the field */
export function limitFieldsAfter(input: LimitInput, base: JsonObject): JsonObject {
  const fields: [string, JsonValue][] = [];
  for (const field of LIMIT_FIELDS) {
    const value = input[field] === undefined ? base[field] : input[field];
    if (value !== undefined && !isEmpty(value)) fields.push([field, value]);
  }
  const limits = Object.fromEntries(fields);
  requireReadable(limits);
  return limits;
}

function requireReadable(limits: JsonObject): void {
  let count: number;
  try {
    count = limitsFromFields({ kind: 'key', id: '' }, limits).length;
  } catch (error) {
    if (!(error instanceof LimitFieldError)) throw error;
    // What it quotes are names of models and tags, and somebody may have put a key there.
    const [, param = 'limits'] = /^(?:max of )?(\w+)/.exec(error.field) ?? [];
    throw new Problem(422, /sk-/i.test(error.message) ? `${param} is not valid.` : error.message, { param });
  }
  if (count > LIMITS_MAX) throw new Problem(422, `limits: there are more than ${LIMITS_MAX}.`, { param: 'limits' });
}

/**
 * Stored limits as the domain has them.
 * @param limits of the holder, or those in force
 */
export function readLimits(scope: LimitScope, limits: JsonObject | null): readonly Limit[] {
  return limits === null ? [] : limitsFromFields(scope, limits);
}

function isEmpty(value: JsonValue): boolean {
  if (value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
