import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import type { Clock, Log } from '../../src/ports.ts';
import { openStorage, type Storage } from '../../src/storage/storage.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

export const CLOCK: Clock = { nowMs: () => Date.now(), elapsedMs: () => performance.now() };

/** Where a store is: what settings say of it. */
export interface StorePlace {
  readonly databaseUrl: string | null;
  readonly dataDir: string;
}

/** One kind of database, with fresh stores in it. Everything is closed and removed when its tests are over. */
export interface TestDatabase {
  readonly kind: 'SQLite' | 'PostgreSQL';
  /** The server; only for tests of PostgreSQL alone. */
  server(): TestPostgres;
  /** An empty place. */
  newPlace(): Promise<StorePlace>;
  /** Opens a store, in an empty place unless one is given. */
  open(place?: StorePlace, log?: Log, clock?: Clock): Promise<Storage>;
}

/** Runs the same tests on both databases. */
export function onEachDatabase(tests: (database: TestDatabase) => void): void {
  for (const kind of ['SQLite', 'PostgreSQL'] as const) onDatabase(kind, tests);
}

export function onDatabase(kind: TestDatabase['kind'], tests: (database: TestDatabase) => void): void {
  describe(kind, () => {
    const opened: Storage[] = [];
    const folders: string[] = [];
    let postgres: TestPostgres | null = null;
    const server = (): TestPostgres => {
      if (postgres === null) throw new Error('There is no server.');
      return postgres;
    };
    const newPlace = async (): Promise<StorePlace> => {
      if (kind === 'PostgreSQL') return { databaseUrl: await server().createDatabase(), dataDir: '' };
      const folder = await mkdtemp(path.join(tmpdir(), 'outcrop-store-'));
      folders.push(folder);
      return { databaseUrl: null, dataDir: path.join(folder, 'data') };
    };

    before(async () => {
      if (kind === 'PostgreSQL') postgres = await startPostgres();
    });
    after(async () => {
      await Promise.all(opened.map((storage) => storage.close()));
      await postgres?.stop();
      await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
    });
    tests({
      kind,
      server,
      newPlace,
      open: async (place, log = QUIET, clock = CLOCK) => {
        const storage = await openStorage({ ...(place ?? (await newPlace())), clock, log });
        opened.push(storage);
        return storage;
      },
    });
  });
}

export const QUIET: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
