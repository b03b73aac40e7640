import { z } from '@hono/zod-openapi';
import { dollarsToNanos } from '../domain/limits/dollars.ts';
import { LIMIT_KINDS } from '../domain/limits/limit.ts';
import { parseWindow } from '../domain/limits/window.ts';
import { decimalText } from '../domain/pricing/decimal.ts';
import { idText, nameText } from './inputs.ts';

const NO_DOLLARS = 'must be an amount of dollars: 0, or from 0.000000001 to 9007199';
const NANO_DECIMALS = 9;

/** Dollars as stored: decimal text, exact to the nano-dollar, whatever a JSON number makes of it. */
function dollarsOf(amount: number | string): string | null {
  const nanos = dollarsToNanos(amount);
  return nanos === null ? null : decimalText({ digits: BigInt(nanos), decimals: NANO_DECIMALS });
}

export const dollars = z
  .union([z.number(), z.string()])
  .transform((amount, context): string => {
    const text = dollarsOf(amount);
    if (text === null) context.addIssue({ code: 'custom', message: NO_DOLLARS });
    return text ?? '';
  })
  .openapi({ type: ['number', 'string'], minimum: 0, description: 'Dollars, as a number or as decimal text.' });
/** The same where null takes a limit away. */
const clearableDollars = dollars
  .nullable()
  .optional()
  .openapi({ type: ['number', 'string', 'null'], minimum: 0, description: 'Dollars.' });

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const windowText = z
  .string()
  .refine((text) => parseWindow(text) !== null, { message: 'is no window: write 30m, 24h, 7d, 1mo or rolling:60s' });

/** A date, or a moment; one without an offset is UTC. */
const moment = z
  .union([z.iso.datetime({ offset: true, local: true }), z.iso.date()])
  .transform((text) => new Date(/(?:Z|[+-]\d\d:?\d\d)$|^\d+-\d+-\d+$/.test(text) ? text : `${text}Z`).toISOString())
  .openapi({ type: 'string', description: 'A date or a moment, ISO 8601.' });

/** LiteLLM's two names for each: the newer ones are those of `budget_limits`. */
const modelBudget = z
  .preprocess(
    (value) => (typeof value === 'number' || typeof value === 'string' ? { budget_limit: value } : value),
    z.strictObject({
      budget_limit: dollars.optional(),
      max_budget: dollars.optional(),
      time_period: windowText.nullish(),
      budget_duration: windowText.nullish(),
    }),
  )
  .transform((given, context): { readonly budget_limit: string; readonly time_period?: string } => {
    const amount = given.budget_limit ?? given.max_budget;
    const period = given.time_period ?? given.budget_duration;
    if (amount === undefined) context.addIssue({ code: 'custom', message: 'needs a budget_limit of dollars' });
    return { budget_limit: amount ?? '', ...(isSaid(period) ? { time_period: period } : {}) };
  });

const generalLimit = z
  .strictObject({
    kind: z.enum(LIMIT_KINDS),
    max: z.union([z.number(), z.string()]),
    window: windowText.nullish(),
    model: nameText.min(1).nullish(),
    hard: z.boolean().optional(),
  })
  .transform(({ kind, max, window, model, hard }, context) => {
    const amount = kind === 'spend' ? dollarsOf(max) : max;
    if (amount === null) context.addIssue({ code: 'custom', message: NO_DOLLARS, path: ['max'] });
    return {
      kind,
      max: amount ?? '',
      ...(isSaid(window) ? { window } : {}),
      ...(isSaid(model) ? { model } : {}),
      ...(hard === undefined ? {} : { hard }),
    };
  });

function isSaid<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined;
}

const LIST_MAX = 100;

/**
 * The limits of keys, teams, users, customers and shared budgets, as requests have them. Null, and what is empty, takes a
 * limit away. What is read is what is stored.
 */
export const limitShape = {
  rpm_limit: count.nullable().optional().openapi({ description: 'Requests in any 60 seconds.' }),
  tpm_limit: count.nullable().optional().openapi({ description: 'Tokens in any 60 seconds.' }),
  max_parallel_requests: count.nullable().optional(),
  max_budget: clearableDollars,
  soft_budget: clearableDollars.openapi({ description: 'Dollars that are told of when they are spent.' }),
  budget_duration: windowText
    .or(z.literal(''))
    .nullable()
    .optional()
    .openapi({ description: 'How often max_budget and soft_budget begin anew (UTC): 24h, 7d, 1mo … None: never.' }),
  budget_limits: z
    .array(z.strictObject({ max_budget: dollars, budget_duration: windowText }))
    .max(LIST_MAX)
    .nullable()
    .optional(),
  model_max_budget: z
    .record(nameText.min(1), modelBudget)
    .nullable()
    .optional()
    .openapi({ description: 'By model id, with *: {budget_limit, time_period}.' }),
  model_rpm_limit: z.record(nameText.min(1), count).nullable().optional(),
  model_tpm_limit: z.record(nameText.min(1), count).nullable().optional(),
  tag_rpm_limit: z.record(nameText.min(1), count).nullable().optional(),
  limits: z
    .array(generalLimit)
    .max(LIST_MAX)
    .nullable()
    .optional()
    .openapi({ description: 'Any limit: {kind, max, window, model, hard}. Dollars are decimal text.' }),
} as const;

/** The same of who can have a shared budget, and more for a while. */
export const holderLimitShape = {
  ...limitShape,
  temp_budget_increase: clearableDollars,
  temp_budget_expiry: moment
    .nullable()
    .optional()
    .openapi({ type: ['string', 'null'], description: 'Until when: a date or a moment, ISO 8601.' }),
  budget_id: idText.or(z.literal('')).nullable().optional().openapi({
    description: 'A shared budget: its limits hold where there are none of the own.',
  }),
} as const;
