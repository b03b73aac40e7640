import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { openStorage, type Storage } from '../../src/storage/storage.ts';
import { findCredential } from '../../src/storage/credentials.ts';
import { needs } from '../support/needs.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { makeSelfSigned, type SelfSigned } from '../support/self-signed.ts';
import { CLOCK, QUIET } from './each-database.ts';

function open(databaseUrl: string): Promise<Storage> {
  return openStorage({ databaseUrl, dataDir: '', clock: CLOCK, log: QUIET });
}

describe('PostgreSQL with TLS', needs('openssl'), () => {
  let certificate: SelfSigned;
  let server: TestPostgres;
  let url: string;
  before(async () => {
    certificate = makeSelfSigned();
    server = await startPostgres(certificate);
    url = await server.createDatabase();
  });
  after(async () => {
    await server.stop();
    certificate.remove();
  });

  test('sslmode says whether TLS is spoken and how far the server is believed', async () => {
    const ca = () => `sslrootcert=${encodeURIComponent(certificate.certFile)}`;
    for (const [query, expected] of [
      ['', 'encrypted'],
      ['sslmode=disable', 'plain'],
      ['sslmode=prefer', 'encrypted'],
      ['sslmode=require', 'encrypted'],
      [`sslmode=require&${ca()}`, 'encrypted'],
      [`sslmode=verify-ca&${ca()}`, 'encrypted'],
      [`sslmode=verify-full&${ca()}`, 'encrypted'],
      ['sslmode=verify-ca', 'refused'],
      ['sslmode=verify-full', 'refused'],
      ['sslmode=require&sslaccept=strict', 'refused'],
    ] as const) {
      assert.equal(await howConnected(query), expected, query);
    }
  });

  test('a name that is not in the certificate is refused by verify-full alone', async () => {
    // The same address in a spelling that the certificate does not have.
    const query = `host=::ffff:127.0.0.1&sslrootcert=${encodeURIComponent(certificate.certFile)}`;
    assert.equal(await howConnected(`${query}&sslmode=verify-ca`), 'encrypted');
    assert.equal(await howConnected(`${query}&sslmode=verify-full`), 'refused');
  });

  async function howConnected(query: string): Promise<'encrypted' | 'plain' | 'refused'> {
    let storage: Storage;
    try {
      storage = await open(`${url}?application_name=asked&${query}`);
    } catch {
      return 'refused';
    }
    const rows = await server.query(
      url,
      `select bool_and(ssl) as ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'asked'`,
    );
    await storage.close();
    return rows[0]?.['ssl'] === true ? 'encrypted' : 'plain';
  }
});

describe('PostgreSQL behind a network that swallows everything', () => {
  let server: TestPostgres;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  test('a look-up ends as "unavailable" in bounded time, and the feed stops being current', async () => {
    const sockets = new Set<Socket>();
    let swallowing = false;
    const network = createServer((client) => {
      const upstream = connect(server.port, '127.0.0.1');
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        sockets.add(from);
        from.on('error', () => to.destroy());
        from.on('close', () => to.destroy());
        from.on('data', (chunk) => {
          if (!swallowing) to.write(chunk);
        });
      }
    });
    await new Promise<void>((resolve) => {
      network.listen(0, '127.0.0.1', resolve);
    });
    const address = network.address();
    assert.ok(address !== null && typeof address !== 'string');
    const url = new URL(await server.createDatabase());
    url.port = String(address.port);
    url.search = 'connect_timeout=1';
    const storage = await open(url.href);
    assert.equal(await findCredential(storage.read, 'bearer', ['x']), null);

    swallowing = true;
    const startedMs = performance.now();
    await assert.rejects(findCredential(storage.read, 'bearer', ['x']), { name: 'StorageError', kind: 'unavailable' });
    assert.ok(performance.now() - startedMs < 8000);
    assert.ok(storage.changes.currentAsOfMs() < startedMs);
    await assert.rejects(open(url.href), { name: 'StorageError', kind: 'cannotOpen' });

    swallowing = false;
    for (const socket of sockets) socket.destroy();
    const back = new Promise((resolve) => {
      storage.changes.subscribe(resolve);
    });
    assert.equal(await back, 'everything');
    assert.equal(await findCredential(storage.read, 'bearer', ['x']), null);
    await storage.close();
    network.close();
  });
});
