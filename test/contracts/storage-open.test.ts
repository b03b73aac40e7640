import assert from 'node:assert/strict';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { parseDatabaseUrl } from '../../src/storage/database-url.ts';
import { createLedgerStore } from '../../src/storage/ledger-store.ts';
import { openStorage } from '../../src/storage/storage.ts';
import { getTeam, insertTeam } from '../../src/storage/teams.ts';
import { sampleRecord } from '../ledger/sample-calls.ts';
import { CLOCK, onDatabase, onEachDatabase, QUIET } from './each-database.ts';
import { HOLDER, ORIGIN } from './sample-objects.ts';

const TEAM = { ...HOLDER, alias: null };

onEachDatabase((database) => {
  test('a store that is opened again holds what it held', async () => {
    const place = await database.newPlace();
    const first = await openStorage({ ...place, clock: CLOCK, log: QUIET });
    await first.change(ORIGIN, (change) => insertTeam(change, 't', TEAM));
    await first.close();
    const second = await database.open(place);
    assert.equal((await getTeam(second.read, 't'))?.id, 't');
  });

  test('calls from before calls had other models are kept, and their totals go on', async () => {
    const place = await database.newPlace();
    const first = await openStorage({ ...place, clock: CLOCK, log: QUIET });
    await createLedgerStore(first).insertCalls([sampleRecord(1)]);
    await first.change(ORIGIN, async ({ db }) => {
      for (const table of ['call', 'daily_total', 'daily_tag_total']) {
        await db.schema.alterTable(table).dropColumn('other_models').execute();
      }
      await db
        .withTables<{ migration: { name: string } }>()
        .deleteFrom('migration')
        .where('name', '=', '005-other-models')
        .execute();
    });
    await first.close();
    const second = await database.open(place);
    await createLedgerStore(second).insertCalls([sampleRecord(2), sampleRecord(3, { otherModels: ['amazon.x-v1:0'] })]);
    const requests = await second.read.selectFrom('daily_total').select('requests').orderBy('requests').execute();
    assert.deepEqual(
      requests.map((total) => total.requests),
      [1, 2],
    );
    const calls = await second.read.selectFrom('call').select('other_models').orderBy('started_at').execute();
    assert.deepEqual(
      calls.map((call) => call.other_models),
      ['', '', '["amazon.x-v1:0"]'],
    );
  });

  test('a store that a newer version has used is refused', async () => {
    const place = await database.newPlace();
    const storage = await database.open(place);
    await storage.change(ORIGIN, async ({ db }) => {
      await db
        .withTables<{ migration: { name: string } }>()
        .insertInto('migration')
        .values({ name: '999-x' })
        .execute();
    });
    await assert.rejects(database.open(place), {
      name: 'StorageError',
      kind: 'cannotOpen',
      message: /newer Outcrop \(999-x\)/,
    });
  });
});

onDatabase('SQLite', (database) => {
  test('nobody else can read the files', async () => {
    const place = await database.newPlace();
    const storage = await database.open(place);
    await storage.change(ORIGIN, (change) => insertTeam(change, 't', TEAM));
    const modeOf = async (name: string) => (await stat(path.join(place.dataDir, name))).mode & 0o777;
    assert.equal(await modeOf('.'), 0o700);
    for (const name of ['outcrop.db', 'outcrop.db-wal', 'outcrop.db-shm'])
      assert.equal(await modeOf(name), 0o600, name);
  });

  test('a folder or file that can not be used is said in one line', async () => {
    const { dataDir } = await database.newPlace();
    await mkdir(dataDir);
    await writeFile(path.join(dataDir, 'file'), '');
    await mkdir(path.join(dataDir, 'other'));
    await writeFile(
      path.join(dataDir, 'other/outcrop.db'),
      'this is not a database, however long it may be '.repeat(100),
    );
    for (const folder of ['file', 'file/below', 'other']) {
      const opening = openStorage({ databaseUrl: null, dataDir: path.join(dataDir, folder), clock: CLOCK, log: QUIET });
      await assert.rejects(opening, (error: unknown) => {
        assert.ok(error instanceof Error);
        assert.match(error.message, /^Cannot use the database .*OUTCROP_DATA_DIR\.$/);
        return true;
      });
    }
  });
});

onDatabase('PostgreSQL', (database) => {
  test('other tables in the same database stay as they are', async () => {
    const place = await database.newPlace();
    const url = place.databaseUrl ?? '';
    const server = database.server();
    await server.query(url, 'create table team (id int); create table migration (id int); insert into team values (1)');
    const storage = await database.open({ ...place, databaseUrl: `${url}?schema=public&connection_limit=2` });
    await storage.change(ORIGIN, (change) => insertTeam(change, 't', TEAM));
    assert.deepEqual(await server.query(url, 'select * from public.team'), [{ id: 1 }]);
    assert.deepEqual(await server.query(url, 'select id from outcrop.team'), [{ id: 't' }]);
  });

  test('a role that may not make schemas can use one that was made for it', async () => {
    const place = await database.newPlace();
    const url = new URL(place.databaseUrl ?? '');
    const server = database.server();
    await server.query(url.href, "create role plain login password 'plain'");
    url.username = 'plain';
    url.password = 'plain';
    await assert.rejects(database.open({ ...place, databaseUrl: url.href }), {
      kind: 'cannotOpen',
      message: /permission denied/,
    });
    await server.query(place.databaseUrl ?? '', 'create schema outcrop authorization plain');
    const storage = await database.open({ ...place, databaseUrl: url.href });
    await storage.change(ORIGIN, (change) => insertTeam(change, 't', TEAM));
  });

  test('a wrong password, database or port is said in one line, without the password', async () => {
    const { databaseUrl } = await database.newPlace();
    for (const [member, value] of [
      ['password', 'hunter2%25'],
      ['pathname', '/no-such-database'],
      ['port', '1'],
      ['search', 'sslmode=require'],
      ['search', 'sslmode=verify-full&sslrootcert=/no/such/file'],
    ] as const) {
      const url = new URL(databaseUrl ?? '');
      url[member] = value;
      const opening = openStorage({ databaseUrl: url.href, dataDir: '', clock: CLOCK, log: QUIET });
      await assert.rejects(opening, (error: unknown) => {
        assert.ok(error instanceof Error);
        assert.match(error.message, /^Cannot use the database \S+ at 127\.0\.0\.1:\d+ \(.+\): check DATABASE_URL\.$/);
        assert.doesNotMatch(error.message, /hunter2|a-test-password/);
        return true;
      });
    }
  });
});

test('a database URL says what libpq and Prisma mean by it', () => {
  const base = {
    host: 'db.example',
    port: 5432,
    user: 'u',
    password: 'p',
    database: 'litellm',
    sslMode: 'prefer',
    sslRootCertFile: null,
    connectionsMax: 10,
    connectTimeoutMs: 5000,
    applicationName: 'outcrop',
  };
  for (const [url, expected] of [
    ['postgres://u:p@db.example/litellm', {}],
    ['postgresql://u:p@db.example:6543/litellm?schema=public&pgbouncer=true&unknown=1', { port: 6543 }],
    ['postgresql://a%40b:p%23%25@db.example/my%20db', { user: 'a@b', password: 'p#%', database: 'my db' }],
    ['postgresql://u:p@[::1]/litellm', { host: '::1' }],
    ['postgresql://u:p@localhost/litellm?host=/run/postgresql', { host: '/run/postgresql' }],
    ['postgresql://u:p@db.example/litellm?sslmode=disable', { sslMode: 'disable' }],
    ['postgresql://u:p@db.example/litellm?sslmode=require', { sslMode: 'require' }],
    ['postgresql://u:p@db.example/litellm?sslmode=require&sslaccept=strict', { sslMode: 'verify-full' }],
    [
      'postgresql://u:p@db.example/litellm?sslmode=verify-ca&sslrootcert=/a',
      { sslMode: 'verify-ca', sslRootCertFile: '/a' },
    ],
    [
      'postgresql://u:p@db.example/litellm?sslmode=verify-full&sslcert=/b',
      { sslMode: 'verify-full', sslRootCertFile: '/b' },
    ],
    [
      'postgresql://u:p@db.example/litellm?connection_limit=3&pool_timeout=20',
      { connectionsMax: 3, connectTimeoutMs: 20_000 },
    ],
    ['postgresql://u:p@db.example/litellm?connect_timeout=2', { connectTimeoutMs: 2000 }],
    ['postgresql://u:p@db.example/litellm?pool_timeout=0', { connectTimeoutMs: 300_000 }],
    ['postgresql://u:p@db.example/litellm?application_name=x', { applicationName: 'x' }],
  ] as const) {
    assert.deepEqual(parseDatabaseUrl(url), { ...base, ...expected }, url);
  }
});

test('a database URL that can not be used is refused without being shown', () => {
  for (const url of [
    '',
    'hunter2',
    'mysql://u:hunter2@db.example/x',
    'file:hunter2.db',
    'postgresql://u:hunter2@db.example',
    'postgresql://u:hunter2@db.example/',
    'postgresql://u:hunter2%@db.example/x',
    'postgresql://u:hunter2#@db.example/x',
    'postgresql://u:hunter2@db.example:99999/x',
    'postgresql://u:hunter2@db.example/x?sslmode=none',
    'postgresql://u:hunter2@db.example/x?sslaccept=maybe',
    'postgresql://u:hunter2@db.example/x?connection_limit=0',
    'postgresql://u:hunter2@db.example/x?connection_limit=1e3',
    'postgresql://u:hunter2@db.example/x?connect_timeout=-1',
  ]) {
    assert.throws(
      () => parseDatabaseUrl(url),
      (error: unknown) => {
        assert.ok(error instanceof Error);
        assert.match(error.message, /^DATABASE_URL can not be used: .+\.$/);
        assert.doesNotMatch(`${error.message}${String(error.cause)}`, /hunter2/);
        return true;
      },
      url,
    );
  }
});
