import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import { type BulkTable, CALLS, dayStartMs, type SqlValue } from './ledger-calls.ts';
import type { LedgerEngine } from './ledger-engine.ts';
import { SUM_COLUMNS, TAG_TOTALS, TOTALS } from './ledger-totals.ts';
import type { Schema } from './schema.ts';

const BATCH_CALLS_MAX = 500;

/** An arbitrary number: who holds it makes or drops the tables of days. */
const DAYS_LOCK = 7_014_398_226_116;

const DAY_TABLE = /^call_(\d{4})_(\d\d)_(\d\d)$/;

/** @param schema in which the tables stand. */
export function postgresLedger(db: Kysely<Schema>, schema: string): LedgerEngine {
  const days = new DayTables(db, schema);
  return {
    batchCallsMax: BATCH_CALLS_MAX,
    transaction: (work) => db.transaction().execute(work),
    insertCalls: async (transaction, records) => {
      const { rows } = await sql<{ id: string }>`
        ${insertInto(sql.id(schema, 'call'), CALLS, records)} on conflict do nothing returning id`
        .execute(transaction)
        .catch((error: unknown) => {
          // Another instance may have dropped a day that this one remembers.
          days.forget();
          throw error;
        });
      const inserted = new Set(rows.map(({ id }) => id));
      // Whichever of two with the same id was stored, they are the same.
      return records.filter(({ id }) => inserted.delete(id));
    },
    addTotals: async (transaction, table, totals) => {
      const form = table === 'daily_total' ? TOTALS : TAG_TOTALS;
      const added = SUM_COLUMNS.map(
        ({ name }) => sql`${sql.id(name)} = ${sql.id(table, name)} + ${sql.id('excluded', name)}`,
      );
      await sql`
        ${insertInto(sql.id(schema, table), form, totals)}
        on conflict (day, group_hash) do update set ${sql.join(added)}`.execute(transaction);
    },
    prepareDays: (wanted) => days.prepare(wanted),
    dropDaysBefore: (day) => days.dropBefore(day),
    listed: (json) => sql<{ value: string }>`json_array_elements_text(${json}::json)`.as<'listed'>(sql`listed(value)`),
  };
}

/** One parameter for each column, however many rows there are. */
function insertInto<Source>(
  table: RawBuilder<unknown>,
  { columns, valuesOf }: BulkTable<Source>,
  sources: readonly Source[],
): RawBuilder<unknown> {
  const rows = sources.map(valuesOf);
  const arrays = columns.map(({ type }, index) =>
    type === 'text'
      ? sql`${arrayLiteral(rows, index, quoted)}::text[]`
      : sql`${arrayLiteral(rows, index, String)}::bigint[]`,
  );
  const names = columns.map(({ name }) => sql.id(name));
  return sql`insert into ${table} (${sql.join(names)}) select * from unnest(${sql.join(arrays)})`;
}

/**
 * https://www.postgresql.org/docs/current/arrays.html#ARRAYS-INPUT; nothing has to be done for null, which is written as
 * such. pg would make the same of an array, at four times the cost.
 */
function arrayLiteral(
  rows: readonly (readonly SqlValue[])[],
  index: number,
  element: (value: SqlValue) => string,
): string {
  return `{${rows.map((row) => element(row[index] ?? null)).join(',')}}`;
}

function quoted(value: SqlValue): string {
  if (value === null) return 'null';
  const text = String(value);
  return /["\\]/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}

/** The parts of the table `call`: one for each day. */
class DayTables {
  readonly #db: Kysely<Schema>;
  readonly #schema: string;
  readonly #known = new Set<number>();

  constructor(db: Kysely<Schema>, schema: string) {
    this.#db = db;
    this.#schema = schema;
  }

  async prepare(days: readonly number[]): Promise<void> {
    const missing = days.filter((day) => !this.#known.has(day));
    if (missing.length === 0) return;
    await this.#alone(async (transaction) => {
      for (const day of missing) {
        await sql`create table if not exists ${this.#table(day)} partition of ${sql.id(this.#schema, 'call')}
          for values from (${sql.lit(day)}) to (${sql.lit(day + 1)})`.execute(transaction);
      }
    });
    for (const day of missing) this.#known.add(day);
  }

  forget(): void {
    this.#known.clear();
  }

  /** A table at a time: dropping one waits for its readers, and those who come later wait for the drop. */
  async dropBefore(day: number): Promise<void> {
    const { rows } = await sql<{ name: string }>`
      select child.relname as name from pg_inherits
      join pg_class child on child.oid = pg_inherits.inhrelid
      join pg_class parent on parent.oid = pg_inherits.inhparent
      join pg_namespace space on space.oid = parent.relnamespace
      where parent.relname = 'call' and space.nspname = ${this.#schema}`.execute(this.#db);
    const days = rows.flatMap(({ name }) => dayOfTable(name) ?? []);
    for (const old of days.filter((found) => found < day)) {
      this.#known.delete(old);
      await this.#alone((transaction) => sql`drop table if exists ${this.#table(old)}`.execute(transaction));
    }
  }

  async #alone(work: (transaction: Transaction<Schema>) => Promise<unknown>): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      await sql`select pg_advisory_xact_lock(${DAYS_LOCK})`.execute(transaction);
      await work(transaction);
    });
  }

  #table(day: number): RawBuilder<unknown> {
    const date = new Date(dayStartMs(day)).toISOString().slice(0, 10);
    return sql.id(this.#schema, `call_${date.replaceAll('-', '_')}`);
  }
}

/** @returns null for a table that is none of ours. */
function dayOfTable(name: string): number | null {
  const [, year, month, day] = DAY_TABLE.exec(name) ?? [];
  return year === undefined ? null : Date.UTC(Number(year), Number(month) - 1, Number(day)) / dayStartMs(1);
}
