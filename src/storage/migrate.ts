import type { Transaction } from 'kysely';
import type { ColumnTypes } from './column-types.ts';
import { MIGRATIONS } from './migrations.ts';
import { StorageError } from './storage-error.ts';

/** The table of what has run. It has this form since the first migration and keeps it. */
interface MigrationSchema {
  readonly migration: { readonly name: string };
}

/**
 * Brings the tables to what this version of the code knows. Several instances may start at once: the caller holds the
 * lock of the whole database, so the first one does the work and the others find it done.
 * @throws StorageError cannotOpen when a newer version has been here: writing as an older one could lose what it added.
 */
export async function migrate(db: Transaction<MigrationSchema>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('migration')
    .ifNotExists()
    .addColumn('name', types.text, (column) => column.primaryKey())
    .modifyEnd(types.tableEnd)
    .execute();
  const done = new Set((await db.selectFrom('migration').select('name').execute()).map(({ name }) => name));
  const known = new Set(MIGRATIONS.map(({ name }) => name));
  const unknown = [...done].filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new StorageError(
      'cannotOpen',
      `The database was last used by a newer Outcrop (${unknown.join(', ')}): start that version or a later one.`,
    );
  }
  for (const { name, up } of MIGRATIONS.filter((migration) => !done.has(migration.name))) {
    await up(db.schema, types);
    await db.insertInto('migration').values({ name }).execute();
  }
}
