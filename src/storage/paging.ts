import type { PageRequest } from '../domain/lists.ts';
import { type Expression, type SqlBool, sql } from 'kysely';
import { StorageError, unstorable } from './storage-error.ts';

const PAGE_SIZE_MAX = 100;

/** Deeper pages cost the database as much as all rows before them. */
const OFFSET_MAX = 10_000_000;

/** @throws StorageError invalid */
export function pageBounds({ page, size }: PageRequest): { readonly limit: number; readonly offset: number } {
  const offset = (page - 1) * size;
  const fits = Number.isSafeInteger(page) && Number.isSafeInteger(size) && page >= 1 && size >= 1;
  if (!fits || size > PAGE_SIZE_MAX || offset > OFFSET_MAX) {
    throw new StorageError('invalid', `Pages count from 1 and hold 1 to ${PAGE_SIZE_MAX} entries.`, { field: 'page' });
  }
  return { limit: size, offset };
}

/** SQLite refuses patterns of more than 50,000 bytes; nobody looks for so much. */
const SEARCH_CHARACTERS_MAX = 1000;

/**
 * Whether a column contains a text, without regard to the case of ASCII letters. The text is bound, and what LIKE takes
 * for wildcards stands for itself.
 * @throws StorageError invalid when the text is too long
 */
export function contains(column: Expression<string | null>, text: string): Expression<SqlBool> {
  if (text.length > SEARCH_CHARACTERS_MAX) throw unstorable();
  const pattern = `%${asciiLower(text).replace(/[\\%_]/g, '\\$&')}%`;
  return sql<SqlBool>`lower(${column}) like ${pattern} escape '\\'`;
}

/** As both databases lower-case: SQLite knows no other letters, and our columns in PostgreSQL have the collation "C". */
function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
