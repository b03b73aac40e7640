import { conflict, missing, StorageError, unstorable } from './storage-error.ts';

/** SQLSTATE codes: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';
/** Data exceptions, and texts too long for an index. */
const UNSTORABLE: readonly string[] = ['22', '54000'];

/** By class or as a whole: what says that the server can't do its work now, whatever it was asked. */
const UNAVAILABLE: readonly string[] = [
  '08', // connection
  '28', // no longer let in
  '40', // transaction rolled back: serialisation, deadlock
  '53', // out of memory, disk or connections
  '57', // shut down, cancelled by a timeout
  '58', // the system around it
  'XX', // internal, corrupted
  '3D000', // the database is gone
  '25006', // a standby took over and is read-only
  '25P03', // idle in a transaction for too long
  '55000', // the database takes no connections
  '55P03', // a lock was not to be had in time
];

/** The unique indexes by name, with the column a caller knows. */
const UNIQUE_COLUMNS: Readonly<Record<string, string>> = {
  virtual_key_alias: 'alias',
  credential_lookup: 'lookup',
  app_user_email: 'email',
};

/** An error of pg as ours. What is neither an outage nor a known conflict is a defect and stays as it is. */
export function postgresError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StorageError) return error;
  const state = sqlState(error);
  if (state === UNIQUE_VIOLATION) return conflict(uniqueColumn(error));
  if (state === FOREIGN_KEY_VIOLATION) return missing('reference');
  if (state !== null && UNSTORABLE.some((code) => state.startsWith(code))) return unstorable();
  // Without a SQLSTATE it never came to a query: sockets, TLS, timeouts.
  if (state === null || UNAVAILABLE.some((code) => state.startsWith(code))) {
    return new StorageError('unavailable', 'The database is out of reach.', { cause: error });
  }
  return error;
}

/** For an operator's one line: what the network or the server said. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error instanceof StorageError && error.cause !== undefined) return reasonOf(error.cause);
  if (error.message !== '') return error.message;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

function sqlState(error: Error): string | null {
  const isFromServer = 'severity' in error && 'code' in error && typeof error.code === 'string';
  return isFromServer ? String(error.code) : null;
}

function uniqueColumn(error: Error): string {
  const constraint = 'constraint' in error && typeof error.constraint === 'string' ? error.constraint : '';
  return UNIQUE_COLUMNS[constraint] ?? (constraint.endsWith('_pkey') ? 'id' : 'value');
}
