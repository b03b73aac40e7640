import { z } from '@hono/zod-openapi';
import type { StoredBudget } from '../../domain/holders.ts';
import type { BudgetUses } from '../../domain/lists.ts';
import { BUDGET_FIELDS } from '../fields.ts';
import { idText, pageShape } from '../inputs.ts';
import { limitShape } from '../limit-inputs.ts';
import { limitFieldsAfter } from '../limits.ts';
import { budgetView, viewBudget } from '../limit-views.ts';
import type { AdminReads } from '../ports.ts';
import { Problem } from '../problem.ts';
import { changing, defineRoute, type Route } from '../route.ts';
import { totalHeader } from '../views.ts';

const newInput = z.strictObject({ ...limitShape, budget_id: idText.optional() });
const updateInput = z.strictObject({ ...limitShape, budget_id: idText });

/** What LiteLLM's dashboard asks for to draw a form. */
const SETTINGS = {
  max_parallel_requests: { type: 'Integer', description: 'Requests at the same time.' },
  tpm_limit: { type: 'Integer', description: 'Tokens in any 60 seconds.' },
  rpm_limit: { type: 'Integer', description: 'Requests in any 60 seconds.' },
  budget_duration: { type: 'String', description: 'How often the budget begins anew: 24h, 7d, 1mo.' },
  max_budget: { type: 'Float', description: 'Dollars; requests beyond them are refused.' },
  soft_budget: { type: 'Float', description: 'Dollars that are told of when they are spent.' },
  model_max_budget: { type: 'Object', description: 'Dollars by model: {budget_limit, time_period}.' },
} as const;

const settingView = z.object({
  field_name: z.string(),
  field_type: z.string(),
  field_description: z.string(),
  field_value: z.unknown(),
  stored_in_db: z.boolean(),
  field_default_value: z.null(),
});

async function requireBudget(reads: AdminReads, id: string, param = 'budget_id'): Promise<StoredBudget> {
  const [budget] = await reads.getBudgets([id]);
  if (budget === undefined) throw new Problem(404, 'Budget not found in database.', { param });
  return budget;
}

/** Whoever has a budget that goes would be bound by nothing of it: so it stays until nobody has it. */
function requireUnused(uses: BudgetUses): void {
  const using = Object.entries(uses).filter(([, count]) => count > 0);
  if (using.length === 0) return;
  const text = using.map(([kind, count]) => `${count} of the ${kind}`).join(', ');
  throw new Problem(409, `The budget is in use by ${text}: give them another budget_id first.`, { param: 'id' });
}

/** Shared budgets: limits that several keys, teams, users and customers have in common, each counting for itself. */
export const BUDGET_ROUTES: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/budget/new',
    summary: 'Make a budget that keys, teams, users and customers can have by its budget_id',
    access: 'admin',
    input: newInput,
    fields: BUDGET_FIELDS,
    answer: budgetView,
    handle: async ({ budget_id: id, ...input }, request) => {
      const { parts } = request;
      const limits = limitFieldsAfter(input, {});
      const budget = await changing(request, 'budget.new', async (change) => {
        if (id !== undefined && (await change.getBudgets([id])).length > 0) {
          throw new Problem(400, 'A budget with this id exists already.', { param: 'budget_id' });
        }
        return change.insertBudget(id ?? parts.newId(), { limits });
      });
      return { body: viewBudget(budget, parts.clock.nowMs()) };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/budget/update',
    summary: 'Change a budget: it is in force for all who have it at once',
    access: 'admin',
    input: updateInput,
    fields: BUDGET_FIELDS,
    answer: budgetView,
    handle: async ({ budget_id: id, ...input }, request) => {
      const budget = await changing(request, 'budget.update', async (change) => {
        const before = await requireBudget(change, id);
        return change.updateBudget(id, { limits: limitFieldsAfter(input, before.limits) });
      });
      return { body: viewBudget(budget, request.parts.clock.nowMs()) };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/budget/delete',
    summary: 'Take a budget away that nobody has',
    access: 'admin',
    input: z.strictObject({ id: idText }),
    answer: budgetView,
    handle: async ({ id }, request) => {
      const budget = await changing(request, 'budget.delete', async (change) => {
        await requireBudget(change, id, 'id');
        requireUnused(await change.countBudgetUses(id));
        return change.deleteBudget(id);
      });
      return { body: viewBudget(budget, request.parts.clock.nowMs()) };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/budget/info',
    summary: 'What is known of some budgets',
    access: 'auditor',
    input: z.strictObject({ budgets: z.array(idText).min(1).max(100) }),
    answer: z.array(budgetView),
    handle: async ({ budgets: ids }, { parts }) => {
      const budgets = await parts.store.read.getBudgets(ids);
      return { body: budgets.map((budget) => viewBudget(budget, parts.clock.nowMs())) };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/budget/list',
    summary: 'A page of budgets; x-total-count says how many there are',
    access: 'auditor',
    input: z.strictObject({ ...pageShape, size: pageShape.size.unwrap().default(100) }),
    answer: z.array(budgetView),
    handle: async (page, { parts }) => {
      const found = await parts.store.read.listBudgets(page);
      const body = found.rows.map((budget) => viewBudget(budget, parts.clock.nowMs()));
      return { body, headers: totalHeader(found) };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/budget/settings',
    summary: 'The fields of a budget with what they mean and what they are',
    access: 'auditor',
    input: z.strictObject({ budget_id: idText }),
    answer: z.array(settingView),
    handle: async ({ budget_id: id }, { parts }) => {
      const view = viewBudget(await requireBudget(parts.store.read, id), parts.clock.nowMs());
      const values = new Map(Object.entries(view));
      const body = Object.entries(SETTINGS).map(([name, { type, description }]) => ({
        field_name: name,
        field_type: type,
        field_description: description,
        field_value: values.get(name) ?? null,
        stored_in_db: true,
        field_default_value: null,
      }));
      return { body };
    },
  }),
];
