import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import type { Log } from '../../src/ports.ts';
import type { ChangeNews } from '../../src/storage/change-feed.ts';
import { findCredential } from '../../src/storage/credentials.ts';
import { deleteKey, getKey, insertKey, listKeys, updateKey } from '../../src/storage/keys.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { insertTeam, updateTeam } from '../../src/storage/teams.ts';
import { onDatabase, onEachDatabase, QUIET } from './each-database.ts';
import { HOLDER, KEY, makeKey, ORIGIN, withDataKeys } from './sample-objects.ts';

/** What the issue promises for changes on another instance. */
const SEEN_WITHIN_MS = 1000;

/** Resolves with how long it took until news passed. Fails the test when none did in ten seconds. */
function nextNews(storage: Storage, passes: (news: ChangeNews) => boolean): Promise<number> {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const overdue = globalThis.setTimeout(() => reject(new Error('no news came')), 10_000);
    const stop = storage.changes.subscribe((news) => {
      if (!passes(news)) return;
      clearTimeout(overdue);
      stop();
      resolve(performance.now() - startedMs);
    });
  });
}

function names(kind: string, id: string): (news: ChangeNews) => boolean {
  return (news) => news !== 'everything' && news.some((changed) => changed.kind === kind && changed.id === id);
}

const isEverything = (news: ChangeNews): boolean => news === 'everything';

onEachDatabase((database) => {
  test('an instance hears of its own changes before they are acknowledged', async () => {
    const storage = await database.open();
    const heard: ChangeNews[] = [];
    storage.changes.subscribe((news) => heard.push(news));
    await storage.change(ORIGIN, (change) => insertTeam(change, 'team', { ...HOLDER, alias: null }));
    assert.deepEqual(heard[0], [{ kind: 'team', id: 'team' }]);
  });

  test('an instance does not hear of its own change again when it reads the changes of others', async () => {
    const place = await database.newPlace();
    const [one, other] = [await database.open(place), await database.open(place)];
    const heard: ChangeNews[] = [];
    one.changes.subscribe((news) => heard.push(news));
    const added = (storage: Storage, id: string) =>
      storage.change(ORIGIN, (change) => insertTeam(change, id, { ...HOLDER, alias: null }));
    await added(one, 'own');
    const marker = nextNews(one, names('team', 'marker'));
    await added(other, 'marker');
    await marker;
    assert.equal(heard.filter(names('team', 'own')).length, 1);
    assert.equal(heard.filter(names('team', 'marker')).length, 1);
  });

  test('another instance hears of every kind of change within a second', async () => {
    const place = await database.newPlace();
    const [one, other] = [await database.open(place), await database.open(place)];
    await withDataKeys(one, 1);
    for (const [kind, id, act] of [
      ['key', 'key_1', () => makeKey(one, 'key_1')],
      ['key', 'key_1', () => one.change(ORIGIN, (change) => updateKey(change, 'key_1', { blocked: true }))],
      ['key', 'key_1', () => one.change(ORIGIN, (change) => deleteKey(change, 'key_1'))],
      ['team', 't', () => one.change(ORIGIN, (change) => insertTeam(change, 't', { ...HOLDER, alias: null }))],
      ['team', 't', () => one.change(ORIGIN, (change) => updateTeam(change, 't', { blocked: true }))],
    ] as const) {
      const heard = nextNews(other, names(kind, id));
      await act();
      assert.ok((await heard) < SEEN_WITHIN_MS, `${kind} took too long`);
    }
    assert.equal(await findCredential(other.read, 'bearer', ['key_1-digest']), null);
  });

  test('nobody hears of a change that failed', async () => {
    const place = await database.newPlace();
    const [one, other] = [await database.open(place), await database.open(place)];
    const heard: ChangeNews[] = [];
    for (const storage of [one, other]) storage.changes.subscribe((news) => heard.push(news));
    const failing = one.change(ORIGIN, async (change) => {
      await insertKey(change, 'key_1', KEY);
      throw new RangeError('changed its mind');
    });
    await assert.rejects(failing, RangeError);
    const marker = nextNews(other, names('team', 'marker'));
    await one.change(ORIGIN, (change) => insertTeam(change, 'marker', { ...HOLDER, alias: null }));
    await marker;
    assert.ok(heard.every((news) => names('team', 'marker')(news)));
    assert.equal(await getKey(one.read, 'key_1'), null);
  });

  test('more changes than one looks through at once are told as everything', async () => {
    const place = await database.newPlace();
    const [one, other] = [await database.open(place), await database.open(place)];
    const heard = nextNews(other, isEverything);
    await one.change(ORIGIN, async (change) => {
      for (let index = 0; index < 1001; index += 1) await insertTeam(change, `t${index}`, { ...HOLDER, alias: null });
    });
    await heard;
    const marker = nextNews(other, names('team', 'marker'));
    await one.change(ORIGIN, (change) => insertTeam(change, 'marker', { ...HOLDER, alias: null }));
    await marker;
  });

  test('a listener that fails keeps nobody else from hearing, and no change from being acknowledged', async () => {
    const errors: string[] = [];
    const log: Log = { ...QUIET, error: (_facts, message) => errors.push(message) };
    const storage = await database.open(undefined, log);
    storage.changes.subscribe(() => {
      throw new RangeError('a defect');
    });
    const heard: ChangeNews[] = [];
    const stop = storage.changes.subscribe((news) => heard.push(news));
    await storage.change(ORIGIN, (change) => insertTeam(change, 'a', { ...HOLDER, alias: null }));
    assert.ok(heard.some(names('team', 'a')));
    assert.ok(errors.length > 0);
    stop();
    await storage.change(ORIGIN, (change) => insertTeam(change, 'b', { ...HOLDER, alias: null }));
    assert.ok(!heard.some(names('team', 'b')));
  });

  test('changes of all instances run one after the other: a check before an act holds', async () => {
    const place = await database.newPlace();
    const [one, other] = [await database.open(place), await database.open(place)];
    const attempts = Array.from({ length: 20 }, (_, index) =>
      (index % 2 === 0 ? one : other).change(ORIGIN, async (change) => {
        const { total } = await listKeys(change.db, {}, { page: 1, size: 1 });
        if (total < 3) await insertKey(change, `key_${index}`, KEY);
      }),
    );
    await Promise.all(attempts);
    assert.equal((await listKeys(one.read, {}, { page: 1, size: 1 })).total, 3);
  });

  test('a change sees what it has written, readers see it when it is through', async () => {
    const storage = await database.open();
    await storage.change(ORIGIN, async (change) => {
      await insertKey(change, 'key_1', KEY);
      assert.notEqual(await getKey(change.db, 'key_1'), null);
      assert.equal(await getKey(storage.read, 'key_1'), null);
    });
    assert.notEqual(await getKey(storage.read, 'key_1'), null);
  });
});

onDatabase('SQLite', (database) => {
  test('a change that awaits something else is rolled back, and the next one works', async () => {
    const storage = await database.open();
    const waiting = storage.change(ORIGIN, async (change) => {
      await insertKey(change, 'key_1', KEY);
      await setImmediate();
      await insertKey(change, 'key_2', KEY);
    });
    await assert.rejects(waiting, /awaited something other than the database/);
    const waitingAtTheEnd = storage.change(ORIGIN, async (change) => {
      await insertKey(change, 'key_3', KEY);
      await setImmediate();
    });
    await assert.rejects(waitingAtTheEnd, /awaited something other than the database/);
    await storage.change(ORIGIN, (change) => insertKey(change, 'key_4', KEY));
    const { rows } = await listKeys(storage.read, {}, { page: 1, size: 10 });
    assert.deepEqual(
      rows.map(({ id }) => id),
      ['key_4'],
    );
  });

  test('reading can not write', async () => {
    const storage = await database.open();
    await assert.rejects(storage.read.deleteFrom('audit').execute(), { name: 'StorageError', kind: 'unavailable' });
  });
});

onDatabase('PostgreSQL', (database) => {
  test('an outage is "unavailable", is logged once, and ends with "everything"', async () => {
    const lines: string[] = [];
    const noticed = Promise.withResolvers<void>();
    const log: Log = {
      ...QUIET,
      warn: (_facts, message) => {
        lines.push(message);
        noticed.resolve();
      },
      info: (_facts, message) => lines.push(message),
    };
    const place = await database.newPlace();
    const storage = await database.open(place, log);
    await withDataKeys(storage, 1);
    await makeKey(storage, 'key_1');

    await database.server().down();
    await noticed.promise;
    const asOfMs = storage.changes.currentAsOfMs();
    const unavailable = { name: 'StorageError', kind: 'unavailable' };
    for (const lookup of ['key_1-digest', 'no-such']) {
      await assert.rejects(findCredential(storage.read, 'bearer', [lookup]), unavailable);
    }
    await assert.rejects(makeKey(storage, 'key_2'), unavailable);
    await assert.rejects(database.open(place), (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, /^Cannot use the database test_\d+ at 127\.0\.0\.1:\d+ \(.*ECONNREFUSED.*\)/);
      assert.doesNotMatch(error.message, /password|\n/);
      return true;
    });
    assert.equal(storage.changes.currentAsOfMs(), asOfMs);

    const back = nextNews(storage, isEverything);
    await database.server().up();
    await back;
    assert.ok(storage.changes.currentAsOfMs() > asOfMs);
    assert.equal((await findCredential(storage.read, 'bearer', ['key_1-digest']))?.key.id, 'key_1');
    assert.equal(await getKey(storage.read, 'key_2'), null);
    await makeKey(storage, 'key_2');
    assert.deepEqual(lines, [
      'the database does not answer: what is known is used for a while',
      'the database answers again',
    ]);
  });

  test('connections that break in the middle of a change lose the change and nothing more', async () => {
    const place = await database.newPlace();
    const storage = await database.open(place);
    const broken = storage.change(ORIGIN, async (change) => {
      await insertKey(change, 'key_1', KEY);
      await database
        .server()
        .query(
          place.databaseUrl ?? '',
          'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
        );
      await insertKey(change, 'key_2', KEY);
    });
    await assert.rejects(broken, { name: 'StorageError', kind: 'unavailable' });
    await storage.change(ORIGIN, (change) => insertKey(change, 'key_3', KEY));
    const { rows } = await listKeys(storage.read, {}, { page: 1, size: 10 });
    assert.deepEqual(
      rows.map(({ id }) => id),
      ['key_3'],
    );
  });

  test('notifications that do not arrive, as behind a pooler, are made up for by asking', async () => {
    const place = await database.newPlace();
    const [one, other] = [await database.open(place), await database.open(place)];
    const heard = nextNews(other, names('team', 'silent'));
    await one.change(ORIGIN, async (change) => {
      await insertTeam(change, 'silent', { ...HOLDER, alias: null });
      // Without entries here the change is not announced; its row is there all the same.
      change.changed.length = 0;
    });
    assert.ok((await heard) < SEEN_WITHIN_MS);
  });
});
