import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely';

/** A sum or column of nano-dollars as decimal text: neither database's numbers can be trusted with all of them. */
export function decimal(amount: Expression<unknown>): RawBuilder<string> {
  return sql<string>`cast(${amount} as text)`;
}

/** The same of what may be null. */
export function decimalOrNull(amount: Expression<unknown>): RawBuilder<string | null> {
  return sql<string | null>`cast(${amount} as text)`;
}

/** The sum of whole numbers that stays below 2^53; 0 of no rows. */
export function total(amount: Expression<unknown>): RawBuilder<number> {
  return sql<number>`cast(coalesce(sum(${amount}), 0) as bigint)`;
}

/** The sum of nano-dollars, as decimal text; 0 of no rows. */
export function decimalTotal(amount: Expression<unknown>): RawBuilder<string> {
  return decimal(sql`coalesce(sum(${amount}), 0)`);
}

/** Whether a value is one of some; of none it never is. */
export function isOneOf(value: Expression<unknown>, texts: readonly string[]): RawBuilder<SqlBool> {
  return texts.length === 0 ? sql<SqlBool>`1 = 0` : sql<SqlBool>`${value} in (${sql.join(texts)})`;
}
