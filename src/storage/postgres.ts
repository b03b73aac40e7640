import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import type { Client, ClientConfig } from 'pg';
import { type DatabaseUrl, parseDatabaseUrl } from './database-url.ts';
import type { ChangeSource, Engine } from './engine.ts';
import { postgresLedger } from './ledger-postgres.ts';
import { migrate } from './migrate.ts';
import type { ColumnTypes } from './column-types.ts';
import { reasonOf } from './postgres-error.ts';
import { STATEMENT_TIMEOUT_MS, TranslatedPool } from './postgres-pool.ts';
import type { Schema } from './schema.ts';
import { StorageError } from './storage-error.ts';

/** Our tables stand apart, so that LiteLLM's in the same database stay as they are. */
const SCHEMA = 'outcrop';

/** An arbitrary number: advisory locks of one database share one space. */
const CHANGE_LOCK = 7_014_398_226_115;

const CHANNEL = 'outcrop_change';

/** A server that is gone without a word is noticed by its silence. */
const QUERY_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 1000;
const CHANGE_QUERY_TIMEOUT_MS = 2000;

const IDLE_TIMEOUT_MS = 60_000;

const COLUMN_TYPES: ColumnTypes = {
  text: sql`text collate "C"`,
  integer: sql`bigint`,
  counted: sql`bigint generated always as identity primary key`,
  tableEnd: sql``,
  callKey: ['id', 'day'],
  callsAreInOneTree: false,
  partitionedByDay: sql`partition by range (day)`,
};

/**
 * Connects to PostgreSQL and brings our tables up to date.
 * @throws StorageError cannotOpen, in one line for the operator, without user and password.
 */
export async function openPostgres(databaseUrl: string): Promise<Engine> {
  const url = parseDatabaseUrl(databaseUrl);
  const { default: pg } = await import('pg');
  // Counts and times arrive as text otherwise; none of ours is beyond 2^53.
  const types = new pg.TypeOverrides();
  types.setTypeParser(pg.types.builtins.INT8, Number);

  const config = { ...clientConfig(url), types };
  try {
    const ssl = await decideSsl(url, async (tried) => {
      const client = new pg.Client({ ...config, ssl: tried });
      client.on('error', () => undefined);
      await client.connect();
      await client.end();
    });
    const pool = new pg.Pool({ ...config, ssl, max: url.connectionsMax, idleTimeoutMillis: IDLE_TIMEOUT_MS });
    const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: new TranslatedPool(pool) }) }).withSchema(
      SCHEMA,
    );
    await db.transaction().execute(async (transaction) => {
      await lock(transaction);
      await ensureSchema(transaction);
      await migrate(transaction.withTables(), COLUMN_TYPES);
    });
    return {
      read: db,
      write: db,
      ledger: postgresLedger(db, SCHEMA),
      lock,
      announce: async (transaction) => {
        await sql`select pg_notify(${CHANNEL}, '')`.execute(transaction);
      },
      openChangeSource: (wake) =>
        openChangeSource(new pg.Client({ ...config, ssl, query_timeout: CHANGE_QUERY_TIMEOUT_MS }), wake),
      close: () => db.destroy(),
    };
  } catch (error) {
    if (error instanceof StorageError && error.kind === 'cannotOpen') throw error;
    throw new StorageError(
      'cannotOpen',
      `Cannot use the database ${url.database} at ${url.host}:${url.port} (${reasonOf(error)}): check DATABASE_URL.`,
      { cause: error },
    );
  }
}

function clientConfig(url: DatabaseUrl): ClientConfig {
  return {
    host: url.host,
    port: url.port,
    user: url.user,
    password: url.password,
    database: url.database,
    application_name: url.applicationName,
    connectionTimeoutMillis: url.connectTimeoutMs,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
  };
}

/**
 * What pg is to do about TLS. `prefer` is decided once, by trying, and holds from then on: nobody can talk a running
 * gateway out of the TLS it began with.
 */
async function decideSsl(
  url: DatabaseUrl,
  connect: (ssl: ConnectionOptions | false) => Promise<void>,
): Promise<ConnectionOptions | false> {
  const ssl = sslOptions(url);
  try {
    await connect(ssl);
    return ssl;
  } catch (error) {
    const isRefused = error instanceof Error && error.message === 'The server does not support SSL connections';
    if (!isRefused || url.sslMode !== 'prefer') throw error;
    await connect(false);
    return false;
  }
}

/** libpq's meanings, which pg does not have yet: `require` takes any certificate, unless an authority is named. */
function sslOptions({ sslMode, sslRootCertFile, host }: DatabaseUrl): ConnectionOptions | false {
  // Nobody listens in on a socket of this machine, and libpq does not speak TLS there either.
  if (sslMode === 'disable' || host.startsWith('/')) return false;
  const ca = sslRootCertFile === null ? {} : { ca: readFileSync(sslRootCertFile) };
  if (sslMode === 'verify-full') return ca;
  const verifiesAuthority = sslMode === 'verify-ca' || (sslMode === 'require' && sslRootCertFile !== null);
  if (verifiesAuthority) return { ...ca, checkServerIdentity: () => undefined };
  return { rejectUnauthorized: false };
}

/** One change at a time over all instances. With it, the order in which changes get their numbers is that of their commits. */
async function lock(db: Transaction<Schema>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${CHANGE_LOCK})`.execute(db);
}

/** Asked first, because even `if not exists` takes the right to create schemas, which a careful operator has not given. */
async function ensureSchema(db: Transaction<Schema>): Promise<void> {
  const { rows } = await sql`select 1 from pg_namespace where nspname = ${SCHEMA}`.execute(db);
  if (rows.length === 0) await db.schema.createSchema(SCHEMA).execute();
}

/**
 * A connection of its own that listens and, since poolers swallow notifications, is also asked.
 * @throws whatever pg throws; the feed takes all of it for an outage.
 */
async function openChangeSource(client: Client, wake: () => void): Promise<ChangeSource> {
  // The next question will fail; until then there is nothing to do about it.
  client.on('error', wake);
  client.on('notification', wake);
  await client.connect();
  await client.query(`listen ${CHANNEL}`);
  return {
    latest: async () => {
      const { rows } = await client.query(`select coalesce(max(seq), 0) as latest from ${SCHEMA}.change`);
      return Number(rows[0]?.latest);
    },
    after: async (seq, countMax) => {
      const { rows } = await client.query(
        `select seq, kind, object_id as id from ${SCHEMA}.change where seq > $1 order by seq limit $2`,
        [seq, countMax],
      );
      return rows;
    },
    close: () => client.end(),
  };
}
