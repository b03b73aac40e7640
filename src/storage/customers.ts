import {
  type CustomerFacts,
  type CustomerRights,
  limitsInForce,
  type Patch,
  type StoredCustomer,
} from '../domain/holders.ts';
import type { CustomerFilter, Page, PageRequest } from '../domain/lists.ts';
import type { ExpressionBuilder, Kysely, Selectable } from 'kysely';
import { budgetExists } from './budgets.ts';
import { type Change, record } from './change.ts';
import { dates, holderColumns, holderFacts } from './holder.ts';
import { parseObjectOrNull } from './json-column.ts';
import { contains, pageBounds } from './paging.ts';
import { insertRecorded, updateRecorded } from './recorded.ts';
import type { Schema } from './schema.ts';
import { missing } from './storage-error.ts';

/** @throws StorageError conflict (`id`), missing (`budget`) */
export async function insertCustomer(change: Change, id: string, facts: CustomerFacts): Promise<StoredCustomer> {
  await budgetExists(change.db, facts.budgetId);
  return insertRecorded(change, 'customer', id, facts, (dated) =>
    change.db
      .insertInto('customer')
      .values({ id, ...columns(facts), ...dated })
      .execute(),
  );
}

/** @throws StorageError missing (`customer`, `budget`) */
export async function updateCustomer(change: Change, id: string, patch: Patch<CustomerFacts>): Promise<StoredCustomer> {
  const before = await existingCustomer(change.db, id);
  return updateRecorded<StoredCustomer>(change, 'customer', before, patch, async (after, dated) => {
    await budgetExists(change.db, after.budgetId);
    await change.db
      .updateTable('customer')
      .set({ ...columns(after), ...dated })
      .where('id', '=', id)
      .execute();
  });
}

/** @throws StorageError missing (`customer`) */
export async function deleteCustomer(change: Change, id: string): Promise<StoredCustomer> {
  const before = await existingCustomer(change.db, id);
  await change.db.deleteFrom('customer').where('id', '=', id).execute();
  await record(change, { kind: 'customer', id, before, after: null });
  return before;
}

export async function getCustomer(db: Kysely<Schema>, id: string): Promise<StoredCustomer | null> {
  const row = await db.selectFrom('customer').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : storedCustomer(row);
}

/**
 * What a request that names a customer is bound by: its limits are those in force, with the ones of its budget.
 * @returns null for one that nobody has said anything of
 */
export async function findCustomer(db: Kysely<Schema>, id: string): Promise<CustomerRights | null> {
  const row = await db
    .selectFrom('customer')
    .leftJoin('budget', 'budget.id', 'customer.budget_id')
    .where('customer.id', '=', id)
    .select(['customer.blocked', 'customer.limits', 'customer.budget_id', 'budget.limits as budget_limits'])
    .executeTakeFirst();
  if (row === undefined) return null;
  const isOrphaned = row.budget_id !== null && row.budget_limits === null;
  return {
    id,
    blocked: row.blocked !== 0 || isOrphaned,
    limits: limitsInForce(parseObjectOrNull(row.limits), parseObjectOrNull(row.budget_limits)),
  };
}

/** One page of customers, the newest first. */
export async function listCustomers(
  db: Kysely<Schema>,
  filter: CustomerFilter,
  page: PageRequest,
): Promise<Page<StoredCustomer>> {
  const { limit, offset } = pageBounds(page);
  const passing = db.selectFrom('customer').where((eb) => passes(eb, filter));
  const { total } = await passing.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await passing
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(limit)
    .offset(offset)
    .execute();
  return { rows: rows.map(storedCustomer), total };
}

function passes(eb: ExpressionBuilder<Schema, 'customer'>, { idContains, blocked }: CustomerFilter) {
  const conditions = [];
  if (blocked !== undefined) conditions.push(eb('blocked', '=', blocked ? 1 : 0));
  return idContains === undefined ? eb.and(conditions) : eb.and([...conditions, contains(eb.ref('id'), idContains)]);
}

async function existingCustomer(db: Kysely<Schema>, id: string): Promise<StoredCustomer> {
  const customer = await getCustomer(db, id);
  if (customer === null) throw missing('customer');
  return customer;
}

function columns(facts: CustomerFacts) {
  return { ...holderColumns(facts), alias: facts.alias };
}

function storedCustomer(row: Selectable<Schema['customer']>): StoredCustomer {
  return { id: row.id, alias: row.alias, ...holderFacts(row), ...dates(row) };
}
