import { StorageError } from './storage-error.ts';

/** How a connection is protected, as libpq defines it: https://www.postgresql.org/docs/current/libpq-ssl.html */
export type SslMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** What a PostgreSQL URL says. */
export interface DatabaseUrl {
  /** A name, an address, or the folder of a socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly sslMode: SslMode;
  /** PEM file of the authority that the server's certificate comes from; null for those Node trusts. */
  readonly sslRootCertFile: string | null;
  readonly connectionsMax: number;
  /** How long a query may wait for a connection, opening one included. */
  readonly connectTimeoutMs: number;
  readonly applicationName: string;
}

const CONNECTIONS_DEFAULT = 10;
const CONNECTIONS_MAX = 1000;
/** Prisma's defaults are 5 s to connect and 10 s to wait; we wait for both together. */
const CONNECT_TIMEOUT_S_DEFAULT = 5;
const CONNECT_TIMEOUT_S_MAX = 300;

const SSL_MODES: readonly string[] = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] satisfies SslMode[];

/**
 * Reads a URL as libpq and Prisma write them. Prisma's `schema` is accepted and not used: our tables have a schema of
 * their own. Parameters that mean nothing here are passed over, except those on which security depends.
 * @throws StorageError cannotOpen; never with the URL in its message, since a password may stand anywhere in a wrong one.
 */
export function parseDatabaseUrl(text: string): DatabaseUrl {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:')) {
    throw wrong('it must read postgresql://user:password@host:5432/database, with special characters written as %XX');
  }
  const query = url.searchParams;
  const user = decoded(url.username, 'user');
  const database = decoded(url.pathname.slice(1), 'database name');
  if (database === '') throw wrong('it names no database (postgresql://user:password@host:5432/database)');
  return {
    host: query.get('host') ?? decoded(url.hostname.replace(/^\[(.*)\]$/, '$1'), 'host'),
    port: url.port === '' ? 5432 : Number(url.port),
    user,
    password: decoded(url.password, 'password'),
    database,
    sslMode: sslMode(query),
    sslRootCertFile: query.get('sslrootcert') ?? query.get('sslcert'),
    connectionsMax: whole(query, 'connection_limit', CONNECTIONS_DEFAULT, CONNECTIONS_MAX),
    connectTimeoutMs: 1000 * connectTimeoutSeconds(query),
    applicationName: query.get('application_name') ?? 'outcrop',
  };
}

/** Prisma's `sslaccept=strict` is what others call verify-full. */
function sslMode(query: URLSearchParams): SslMode {
  const given = query.get('sslmode') ?? 'prefer';
  const mode = isSslMode(given) ? given : null;
  if (mode === null) throw wrong(`sslmode must be one of ${SSL_MODES.join(', ')}`);
  const sslAccept = query.get('sslaccept') ?? 'accept_invalid_certs';
  if (sslAccept !== 'strict' && sslAccept !== 'accept_invalid_certs') {
    throw wrong('sslaccept must be strict or accept_invalid_certs');
  }
  return sslAccept === 'strict' && mode !== 'disable' ? 'verify-full' : mode;
}

function isSslMode(value: string): value is SslMode {
  return SSL_MODES.includes(value);
}

/** 0 means "no limit" to Prisma and libpq; here it is the longest there is. */
function connectTimeoutSeconds(query: URLSearchParams): number {
  const connect = whole(query, 'connect_timeout', CONNECT_TIMEOUT_S_DEFAULT, CONNECT_TIMEOUT_S_MAX, 0);
  const wait = whole(query, 'pool_timeout', connect, CONNECT_TIMEOUT_S_MAX, 0);
  const longest = Math.max(connect, wait);
  return connect === 0 || wait === 0 ? CONNECT_TIMEOUT_S_MAX : longest;
}

function whole(query: URLSearchParams, name: string, byDefault: number, max: number, min = 1): number {
  const text = query.get(name);
  if (text === null) return byDefault;
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < min || value > max) throw wrong(`${name} must be ${min} to ${max}`);
  return value;
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong(`its ${what} has a % that is not followed by two hexadecimal digits: write % as %25`);
  }
}

function wrong(what: string): StorageError {
  return new StorageError('cannotOpen', `DATABASE_URL can not be used: ${what}.`);
}
