import { z } from '@hono/zod-openapi';
import type { StoredBudget } from '../domain/holders.ts';
import type { JsonObject } from '../domain/json.ts';
import { usdNumber } from '../domain/usd.ts';
import { type Spending, resetOf } from './spending.ts';

const counts = z.record(z.string(), z.number());

/** Limits in LiteLLM's words: its amounts of dollars are numbers, those of our own fields decimal texts. */
const limitsShape = {
  rpm_limit: z.number().nullable(),
  tpm_limit: z.number().nullable(),
  max_parallel_requests: z.number().nullable(),
  max_budget: z.number().nullable(),
  soft_budget: z.number().nullable(),
  budget_duration: z.string().nullable(),
  budget_reset_at: z.string().nullable().openapi({ description: 'When max_budget begins anew.' }),
  budget_limits: z.array(z.object({ max_budget: z.number(), budget_duration: z.string() })).nullable(),
  model_max_budget: z.record(z.string(), z.object({ budget_limit: z.number(), time_period: z.string().nullable() })),
  model_rpm_limit: counts.nullable(),
  model_tpm_limit: counts.nullable(),
  tag_rpm_limit: counts.nullable(),
  limits: z.array(
    z.object({
      kind: z.string(),
      max: z.union([z.number(), z.string()]),
      window: z.string().optional(),
      model: z.string().optional(),
      hard: z.boolean().optional(),
    }),
  ),
} as const;

export const budgetView = z.object({
  budget_id: z.string(),
  ...limitsShape,
  created_at: z.string(),
  created_by: z.string(),
  updated_at: z.string(),
});

/** What a holder may use and has used. Its fields are its own limits; those of its budget stand beside them. */
export const spendingShape = {
  spend: z.number().nullable().openapi({
    description:
      'Dollars: what counts against max_budget where there is one, else all that was ever spent. Null when it can not be told now.',
  }),
  ...limitsShape,
  temp_budget_increase: z.number().nullable(),
  temp_budget_expiry: z.string().nullable(),
  budget_id: z.string().nullable(),
  litellm_budget_table: budgetView.nullable(),
} as const;

const spendingView = z.object(spendingShape);

/** As `limit-inputs.ts` writes them. */
const storedLimits = z.object({
  rpm_limit: z.number().optional(),
  tpm_limit: z.number().optional(),
  max_parallel_requests: z.number().optional(),
  max_budget: z.string().optional(),
  soft_budget: z.string().optional(),
  budget_duration: z.string().optional(),
  budget_limits: z.array(z.object({ max_budget: z.string(), budget_duration: z.string() })).optional(),
  model_max_budget: z
    .record(z.string(), z.object({ budget_limit: z.string(), time_period: z.string().optional() }))
    .optional(),
  model_rpm_limit: counts.optional(),
  model_tpm_limit: counts.optional(),
  tag_rpm_limit: counts.optional(),
  limits: limitsShape.limits.optional(),
  temp_budget_increase: z.string().optional(),
  temp_budget_expiry: z.string().optional(),
});

export function viewBudget(budget: StoredBudget, nowMs: number): z.infer<typeof budgetView> {
  return {
    budget_id: budget.id,
    ...viewLimits(budget.limits, resetOf(budget.limits['budget_duration'], nowMs)),
    created_at: new Date(budget.createdMs).toISOString(),
    created_by: budget.createdBy,
    updated_at: new Date(budget.updatedMs).toISOString(),
  };
}

export function viewSpending(
  { limits, budgetId }: { readonly limits: JsonObject | null; readonly budgetId: string | null },
  { spentNanos, resetAtMs, budget }: Spending,
  nowMs: number,
): z.infer<typeof spendingView> {
  const { temp_budget_increase: increase, temp_budget_expiry: expiry } = storedLimits.parse(limits ?? {});
  return {
    spend: spentNanos === null ? null : usdNumber(spentNanos),
    ...viewLimits(limits ?? {}, resetAtMs),
    temp_budget_increase: numberOrNull(increase),
    temp_budget_expiry: expiry ?? null,
    budget_id: budgetId,
    litellm_budget_table: budget === null ? null : viewBudget(budget, nowMs),
  };
}

function viewLimits(limits: JsonObject, resetAtMs: number | null) {
  const stored = storedLimits.parse(limits);
  return {
    rpm_limit: stored.rpm_limit ?? null,
    tpm_limit: stored.tpm_limit ?? null,
    max_parallel_requests: stored.max_parallel_requests ?? null,
    max_budget: numberOrNull(stored.max_budget),
    soft_budget: numberOrNull(stored.soft_budget),
    budget_duration: stored.budget_duration ?? null,
    budget_reset_at: resetAtMs === null ? null : new Date(resetAtMs).toISOString(),
    budget_limits: stored.budget_limits?.map((limit) => ({ ...limit, max_budget: Number(limit.max_budget) })) ?? null,
    model_max_budget: Object.fromEntries(
      Object.entries(stored.model_max_budget ?? {}).map(([model, { budget_limit: amount, time_period: period }]) => [
        model,
        { budget_limit: Number(amount), time_period: period ?? null },
      ]),
    ),
    model_rpm_limit: stored.model_rpm_limit ?? null,
    model_tpm_limit: stored.model_tpm_limit ?? null,
    tag_rpm_limit: stored.tag_rpm_limit ?? null,
    limits: stored.limits ?? [],
  };
}

function numberOrNull(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}
