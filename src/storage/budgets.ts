import type { BudgetFacts, StoredBudget } from '../domain/holders.ts';
import type { BudgetUses, Page, PageRequest } from '../domain/lists.ts';
import type { Kysely, Selectable } from 'kysely';
import { type Change, record } from './change.ts';
import { dates } from './holder.ts';
import { parseObject } from './json-column.ts';
import { pageBounds } from './paging.ts';
import { insertRecorded, updateRecorded } from './recorded.ts';
import type { Schema } from './schema.ts';
import { missing } from './storage-error.ts';

/** @throws StorageError conflict (`id`) */
export function insertBudget(change: Change, id: string, facts: BudgetFacts): Promise<StoredBudget> {
  return insertRecorded(change, 'budget', id, facts, (dated) =>
    change.db
      .insertInto('budget')
      .values({ id, limits: JSON.stringify(facts.limits), ...dated })
      .execute(),
  );
}

/** @throws StorageError missing (`budget`) */
export async function updateBudget(change: Change, id: string, facts: BudgetFacts): Promise<StoredBudget> {
  const before = await existingBudget(change.db, id);
  return updateRecorded<StoredBudget>(change, 'budget', before, facts, (after, dated) =>
    change.db
      .updateTable('budget')
      .set({ limits: JSON.stringify(after.limits), ...dated })
      .where('id', '=', id)
      .execute(),
  );
}

/** Who has it is bound by nothing of it any more: ask `countBudgetUses` first. @throws StorageError missing (`budget`) */
export async function deleteBudget(change: Change, id: string): Promise<StoredBudget> {
  const before = await existingBudget(change.db, id);
  for (const table of HOLDER_TABLES) {
    await change.db.updateTable(table).set({ budget_id: null }).where('budget_id', '=', id).execute();
  }
  await change.db.deleteFrom('budget').where('id', '=', id).execute();
  await record(change, { kind: 'budget', id, before, after: null });
  return before;
}

const HOLDER_TABLES = ['virtual_key', 'team', 'app_user', 'customer'] as const;

/** How many there are that have a budget. Deleted keys do not count. */
export async function countBudgetUses(db: Kysely<Schema>, id: string): Promise<BudgetUses> {
  const count = async (table: (typeof HOLDER_TABLES)[number]): Promise<number> => {
    const using = db.selectFrom(table).where('budget_id', '=', id);
    const live = table === 'virtual_key' ? using.where('virtual_key.deleted_at', 'is', null) : using;
    return (await live.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()).total;
  };
  return {
    keys: await count('virtual_key'),
    teams: await count('team'),
    users: await count('app_user'),
    customers: await count('customer'),
  };
}

/** Those of these budgets that there are. @param ids at most 1,000 */
export async function getBudgets(db: Kysely<Schema>, ids: readonly string[]): Promise<readonly StoredBudget[]> {
  if (ids.length === 0) return [];
  const rows = await db.selectFrom('budget').selectAll().where('id', 'in', ids).orderBy('id').execute();
  return rows.map(storedBudget);
}

/** One page of budgets, the newest first. */
export async function listBudgets(db: Kysely<Schema>, page: PageRequest): Promise<Page<StoredBudget>> {
  const { limit, offset } = pageBounds(page);
  const all = db.selectFrom('budget');
  const { total } = await all.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await all.selectAll().orderBy('created_at', 'desc').orderBy('id').limit(limit).offset(offset).execute();
  return { rows: rows.map(storedBudget), total };
}

/** A holder whose budget is not there would be bound by nothing it says. @throws StorageError missing (`budget`) */
export async function budgetExists(db: Kysely<Schema>, budgetId: string | null): Promise<void> {
  if (budgetId !== null) await existingBudget(db, budgetId);
}

async function existingBudget(db: Kysely<Schema>, id: string): Promise<StoredBudget> {
  const [budget] = await getBudgets(db, [id]);
  if (budget === undefined) throw missing('budget');
  return budget;
}

function storedBudget(row: Selectable<Schema['budget']>): StoredBudget {
  return { id: row.id, limits: parseObject(row.limits), ...dates(row) };
}
