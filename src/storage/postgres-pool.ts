import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type { Pool, PoolClient } from 'pg';
import { postgresError } from './postgres-error.ts';
import { StorageError } from './storage-error.ts';

/** A statement that takes longer than this is broken off by the server. */
export const STATEMENT_TIMEOUT_MS = 5000;

/** Sent with a query and not at connecting, because poolers refuse parameters they do not know there. */
const SESSION = `set statement_timeout = ${STATEMENT_TIMEOUT_MS}; set lock_timeout = ${STATEMENT_TIMEOUT_MS}; set idle_in_transaction_session_timeout = ${STATEMENT_TIMEOUT_MS}`;

const COMMANDS = ['UPDATE', 'DELETE', 'INSERT', 'SELECT', 'MERGE', 'COMMIT', 'ROLLBACK'] as const;

/** pg's pool as Kysely wants it: errors are ours, and a connection on which anything went wrong is not used again. */
export class TranslatedPool implements PostgresPool {
  readonly options: object = {};
  readonly #pool: Pool;
  readonly #clients = new WeakMap<PoolClient, TranslatedClient>();

  constructor(pool: Pool) {
    this.#pool = pool;
    // A connection that breaks while nobody uses it has left the pool already.
    pool.on('error', () => undefined);
  }

  async connect(): Promise<PostgresPoolClient> {
    const client = await this.#pool.connect().catch(rethrow);
    const known = this.#clients.get(client);
    if (known !== undefined) return known;
    const fresh = new TranslatedClient(client);
    try {
      await fresh.query(SESSION, []);
    } catch (error) {
      fresh.release(true);
      throw error;
    }
    this.#clients.set(client, fresh);
    return fresh;
  }

  end(): Promise<void> {
    return this.#pool.end();
  }
}

class TranslatedClient implements PostgresPoolClient {
  readonly #client: PoolClient;
  #broken = false;

  constructor(client: PoolClient) {
    this.#client = client;
    client.on('error', () => {
      this.#broken = true;
    });
  }

  query<Row>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>>;
  query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>;
  query<Row>(
    sql: string | PostgresCursor<Row>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<Row>> | PostgresCursor<Row> {
    if (typeof sql !== 'string') throw new TypeError('Cursors are not used.');
    return this.#execute(sql, parameters);
  }

  release(destroy = false): void {
    this.#client.release(destroy || this.#broken);
  }

  async #execute<Row>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>> {
    try {
      // Without parameters the simple protocol is used, in which several statements may stand.
      const result =
        parameters.length === 0 ? await this.#client.query(sql) : await this.#client.query(sql, [...parameters]);
      const command = COMMANDS.find((candidate) => candidate === result.command) ?? 'SELECT';
      return { command, rowCount: result.rowCount ?? 0, rows: result.rows };
    } catch (error) {
      const ours = postgresError(error);
      if (ours instanceof StorageError && ours.kind === 'unavailable') this.#broken = true;
      throw ours;
    }
  }
}

function rethrow(error: unknown): never {
  throw postgresError(error);
}
