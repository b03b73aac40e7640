import type { sql } from 'kysely';

/** What differs between the databases when tables are made; queries have no such differences. */
export interface ColumnTypes {
  /** Sorted and lower-cased by bytes on both, so that lists come in the same order. */
  readonly text: ReturnType<typeof sql>;
  readonly integer: ReturnType<typeof sql>;
  /** Of a primary key the database counts up, and never gives twice. */
  readonly counted: ReturnType<typeof sql>;
  /** What stands behind the columns of a table. */
  readonly tableEnd: ReturnType<typeof sql>;
  /**
   * What tells the rows of `call` apart. On SQLite it is the order of time as well. PostgreSQL wants the day in it because
   * the table is divided by it; a call never has but one.
   */
  readonly callKey: readonly ['started_at', 'id'] | readonly ['id', 'day'];
  /**
   * Whether `callKey` is all the order that calls have. Each index more costs every call, and one by key has a page for
   * each key in use: with 10,000 of them that was half of what a call cost SQLite.
   */
  readonly callsAreInOneTree: boolean;
  /** The same of a table whose rows of one day can be dropped together, by its column `day`. */
  readonly partitionedByDay: ReturnType<typeof sql>;
}
