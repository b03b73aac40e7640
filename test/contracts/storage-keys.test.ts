import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { listAudit } from '../../src/storage/audit.ts';
import {
  addCredentials,
  countByDataKeyVersion,
  findCredential,
  listCredentials,
  listPairsOlderThan,
  rehashCredential,
  replaceCredentials,
} from '../../src/storage/credentials.ts';
import { deleteKey, getKey, getKeyByAlias, insertKey, listKeys, updateKey } from '../../src/storage/keys.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { insertTeam } from '../../src/storage/teams.ts';
import { insertUser } from '../../src/storage/users.ts';
import { onEachDatabase } from './each-database.ts';
import { aws, bearer, HOLDER, KEY, makeKey, ORIGIN, USER, withDataKeys } from './sample-objects.ts';

const FIRST_PAGE = { page: 1, size: 100 };

onEachDatabase((database) => {
  let storage: Storage;
  before(async () => {
    storage = await database.open();
    await withDataKeys(storage, 1, 2);
  });

  test('a key comes back as it was stored, whatever its metadata', async () => {
    const metadata: unknown = JSON.parse(
      '{"__proto__": {"admin": true}, "constructor": 1, "ü": "\\u0000 \\" \\\\ 😀", "deep": [{"a": null}]}',
    );
    const facts = {
      ...KEY,
      alias: 'alias of ü',
      grant: { ...KEY.grant, models: ['anthropic.claude-*'], regions: [], actFor: true },
      limits: { rpm: 1 },
      settings: { defaultRegion: 'eu-central-1' },
      metadata: Object(metadata),
      tags: ['a', 'b'],
      blocked: true,
      expiresMs: 4_102_444_800_000,
    };
    const stored = await makeKey(storage, 'key_whole', facts);
    assert.deepEqual(await getKey(storage.read, 'key_whole'), stored);
    const { id, createdMs, createdBy, updatedMs, deletedMs, ...rest } = stored;
    assert.deepEqual(rest, facts);
    assert.deepEqual([id, createdBy, updatedMs - createdMs, deletedMs], ['key_whole', 'master', 0, null]);
    assert.deepEqual(await getKeyByAlias(storage.read, 'alias of ü'), stored);
    assert.equal(Reflect.get({}, 'admin'), undefined);
  });

  test('a credential finds its key with the rights of its team and user', async () => {
    await storage.change(ORIGIN, async (change) => {
      await insertTeam(change, 'team-1', {
        ...HOLDER,
        alias: 't',
        grant: { ...HOLDER.grant, models: ['m'] },
        tags: ['t'],
      });
      await insertUser(change, 'user-1', { ...USER, blocked: true, role: 'proxy_admin' });
    });
    await makeKey(storage, 'key_owned', { teamId: 'team-1', userId: 'user-1', expiresMs: 5 });
    for (const [kind, lookup] of [
      ['bearer', 'key_owned-digest'],
      ['aws', 'key_owned-access'],
    ] as const) {
      const owner = await findCredential(storage.read, kind, ['no-such', lookup]);
      assert.equal(owner?.credential.lookup, lookup);
      assert.equal(owner.credential.validUntilMs, null);
      assert.equal(owner.key.id, 'key_owned');
      assert.equal(owner.key.expiresMs, 5);
      assert.equal(owner.key.blocked, false);
      assert.deepEqual(owner.team?.grant.models, ['m']);
      assert.deepEqual(owner.team.tags, ['t']);
      assert.equal(owner.user?.blocked, true);
      assert.equal(owner.user.role, 'proxy_admin');
    }
  });

  test('what is unknown, of the other kind or empty finds nothing', async () => {
    await makeKey(storage, 'key_kinds');
    assert.equal(await findCredential(storage.read, 'bearer', ['no-such']), null);
    assert.equal(await findCredential(storage.read, 'bearer', []), null);
    assert.equal(await findCredential(storage.read, 'bearer', ['key_kinds-access']), null);
    assert.equal(await findCredential(storage.read, 'aws', ['key_kinds-digest']), null);
    assert.equal(await findCredential(storage.read, 'aws', ['KEY_KINDS-ACCESS']), null);
    assert.equal(await getKey(storage.read, 'no-such'), null);
    assert.equal(await getKeyByAlias(storage.read, 'no-such'), null);
  });

  test('a deleted key is found by no credential, keeps its row and frees its alias and its own value', async () => {
    await makeKey(storage, 'key_gone', { alias: 'reused' });
    const deleted = await storage.change(ORIGIN, (change) => deleteKey(change, 'key_gone'));
    assert.notEqual(deleted.deletedMs, null);
    assert.equal(await findCredential(storage.read, 'bearer', ['key_gone-digest']), null);
    assert.deepEqual(await getKey(storage.read, 'key_gone'), deleted);
    assert.equal(await getKeyByAlias(storage.read, 'reused'), null);
    await makeKey(storage, 'key_again', { alias: 'reused' }, [bearer('key_gone-digest')]);
    assert.equal((await findCredential(storage.read, 'bearer', ['key_gone-digest']))?.key.id, 'key_again');
    for (const act of [deleteKey, updateKey] as const) {
      const again = storage.change(ORIGIN, (change) => act(change, 'key_gone', {}));
      await assert.rejects(again, { name: 'StorageError', kind: 'missing', field: 'key' });
    }
  });

  test('what is taken already is a conflict that names the field and stores nothing by half', async () => {
    await makeKey(storage, 'key_taken', { alias: 'taken' });
    for (const [field, act] of [
      ['id', () => makeKey(storage, 'key_taken')],
      ['alias', () => makeKey(storage, 'key_new', { alias: 'taken' })],
      ['lookup', () => makeKey(storage, 'key_new', {}, [aws('key_new-access'), bearer('key_taken-digest')])],
      ['lookup', () => makeKey(storage, 'key_new', {}, [aws('twice'), aws('twice')])],
    ] as const) {
      await assert.rejects(act, { name: 'StorageError', kind: 'conflict', field });
    }
    assert.equal(await getKey(storage.read, 'key_new'), null);
    assert.equal(await findCredential(storage.read, 'aws', ['key_new-access']), null);
    const { total } = await listAudit(storage.read, { objectId: 'key_new' }, FIRST_PAGE);
    assert.equal(total, 0);
  });

  test('no error shows a digest', async () => {
    await makeKey(storage, 'key_secret', {}, [bearer('the-secret-digest')]);
    await assert.rejects(makeKey(storage, 'key_other', {}, [bearer('the-secret-digest')]), (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.doesNotMatch(`${error.stack}${JSON.stringify(error)}${String(error.cause)}`, /the-secret-digest/);
      return true;
    });
  });

  test('an owner that is not there, or text no database can hold, is refused', async () => {
    for (const [facts, expected] of [
      [{ teamId: 'no-such' }, { kind: 'missing', field: 'team' }],
      [{ userId: 'no-such' }, { kind: 'missing', field: 'user' }],
      [{ alias: 'a\0b' }, { kind: 'invalid' }],
      [{ expiresMs: 0.5 }, { kind: 'invalid' }],
    ] as const) {
      await assert.rejects(makeKey(storage, 'key_refused', facts), { name: 'StorageError', ...expected });
    }
    await assert.rejects(findCredential(storage.read, 'bearer', ['a\0']), { name: 'StorageError', kind: 'invalid' });
    await assert.rejects(
      storage.change(ORIGIN, (change) => addCredentials(change, 'no-such', [bearer('x')])),
      { kind: 'missing', field: 'key' },
    );
    assert.equal(await getKey(storage.read, 'key_refused'), null);
  });

  test('an update changes what it names and nothing else', async () => {
    const before = await makeKey(storage, 'key_update', { alias: 'old', tags: ['a'], metadata: { a: 1 } });
    const after = await storage.change(ORIGIN, (change) =>
      updateKey(change, 'key_update', { alias: null, blocked: true, tags: undefined }),
    );
    assert.deepEqual(after, { ...before, alias: null, blocked: true, updatedMs: after.updatedMs });
    assert.deepEqual(await getKey(storage.read, 'key_update'), after);
    await assert.rejects(
      storage.change(ORIGIN, (change) => updateKey(change, 'key_update', { teamId: 'no-such' })),
      { kind: 'missing', field: 'team' },
    );
  });

  test('replaced credentials live for their grace, and none is prolonged by a second replacement', async () => {
    await makeKey(storage, 'key_rotated', {}, [bearer('first')]);
    const replace = (lookup: string, graceMs: number) =>
      storage.change(ORIGIN, (change) => replaceCredentials(change, 'key_rotated', [bearer(lookup)], graceMs));
    const untilOf = async (lookup: string) =>
      (await findCredential(storage.read, 'bearer', [lookup]))?.credential.validUntilMs;

    const [current, ended] = await replace('second', 60_000);
    assert.equal(current?.lookup, 'second');
    assert.equal(current.validUntilMs, null);
    assert.equal(ended?.validUntilMs, current.createdMs + 60_000);
    await replace('third', 600_000);
    assert.equal(await untilOf('first'), ended.validUntilMs);
    await replace('fourth', 10_000);
    assert.ok(Number(await untilOf('first')) < ended.validUntilMs);

    await replace('fifth', 0);
    assert.deepEqual(
      (await listCredentials(storage.read, 'key_rotated')).map(({ lookup }) => lookup),
      ['fifth'],
    );
    assert.equal(await untilOf('first'), undefined);
  });

  test('a bearer key moves to a newer data key when it is shown, and what has not moved is counted', async () => {
    const fresh = await database.open();
    await withDataKeys(fresh, 1, 2);
    await makeKey(fresh, 'key_a');
    await makeKey(fresh, 'key_b');
    const [digest] = (await listCredentials(fresh.read, 'key_a')).filter(({ kind }) => kind === 'bearer');
    assert.ok(digest !== undefined);
    await fresh.change(ORIGIN, (change) => rehashCredential(change, digest.id, { lookup: 'new', dataKeyVersion: 2 }));
    assert.equal((await findCredential(fresh.read, 'bearer', ['new', 'key_a-digest']))?.credential.dataKeyVersion, 2);
    assert.deepEqual(await countByDataKeyVersion(fresh.read, Date.now()), [
      { version: 1, kind: 'aws', count: 2 },
      { version: 1, kind: 'bearer', count: 1 },
      { version: 2, kind: 'bearer', count: 1 },
    ]);
    const pairs = await listPairsOlderThan(fresh.read, 2, FIRST_PAGE);
    assert.deepEqual(
      pairs.rows.map(({ lookup }) => lookup),
      ['key_a-access', 'key_b-access'],
    );
    const { total } = await listAudit(fresh.read, {}, FIRST_PAGE);
    await fresh.change(ORIGIN, (change) => rehashCredential(change, 999_999, { lookup: 'x', dataKeyVersion: 2 }));
    assert.equal((await listAudit(fresh.read, {}, FIRST_PAGE)).total, total, 'one that is gone has nothing to move');
  });

  test('lists are filtered, sorted, paged and counted', async () => {
    const fresh = await database.open();
    await withDataKeys(fresh, 1);
    await fresh.change(ORIGIN, async (change) => {
      await insertTeam(change, 'team-a', { ...HOLDER, alias: null });
      await insertUser(change, 'user-a', USER);
    });
    const aliases = ['100%', '100x', 'a_b', 'aXb', 'back\\slash', "quote'; drop table x", null, 'Zebra', 'zoo'];
    for (const [index, alias] of aliases.entries()) {
      await makeKey(fresh, `key_${index}`, {
        alias,
        teamId: index < 2 ? 'team-a' : null,
        userId: index === 2 ? 'user-a' : null,
        blocked: index === 3,
      });
    }
    await fresh.change(ORIGIN, (change) => deleteKey(change, 'key_8'));

    for (const [filter, expected] of [
      [{ aliasContains: '%' }, ['100%']],
      [{ aliasContains: '_' }, ['a_b']],
      [{ aliasContains: '\\' }, ['back\\slash']],
      [{ aliasContains: "'; DROP" }, ["quote'; drop table x"]],
      [{ aliasContains: 'ZE' }, ['Zebra']],
      [{ aliasContains: 'zoo' }, []],
      [{ aliasContains: '%'.repeat(1000) }, []],
      [{ alias: 'zebra' }, []],
      [{ deleted: true }, ['zoo']],
      [{ teamId: 'team-a' }, ['100%', '100x']],
      [{ userId: 'user-a' }, ['a_b']],
      [{ blocked: true }, ['aXb']],
      [{ createdBy: 'nobody' }, []],
      [{ visibleTo: { userId: 'user-a', teamIds: ['team-a'], createdBy: null } }, ['100%', '100x', 'a_b']],
      [{ visibleTo: { userId: null, teamIds: [], createdBy: null } }, []],
      [{ visibleTo: { userId: null, teamIds: [], createdBy: 'master' }, blocked: true }, ['aXb']],
    ] as const) {
      const { rows, total } = await listKeys(fresh.read, filter, FIRST_PAGE, { by: 'id', order: 'asc' });
      assert.deepEqual(
        rows.map(({ alias }) => alias),
        expected,
        JSON.stringify(filter),
      );
      assert.equal(total, expected.length);
    }

    // Both databases sort by bytes, and what has no value comes last in either direction.
    const inOrder = ['100%', '100x', 'Zebra', 'aXb', 'a_b', 'back\\slash', "quote'; drop table x"];
    for (const [order, expected] of [
      ['asc', [...inOrder, null]],
      ['desc', [...inOrder.toReversed(), null]],
    ] as const) {
      const pages = await Promise.all(
        [1, 2, 3, 4].map((page) => listKeys(fresh.read, {}, { page, size: 3 }, { by: 'alias', order })),
      );
      assert.deepEqual(
        pages.flatMap(({ rows }) => rows.map(({ alias }) => alias)),
        expected,
      );
      assert.deepEqual(
        pages.map(({ total }) => total),
        [8, 8, 8, 8],
      );
    }
    for (const page of [
      { page: 0, size: 10 },
      { page: 1, size: 0 },
      { page: 1, size: 101 },
      { page: 1.5, size: 10 },
      { page: Number.NaN, size: 10 },
      { page: 10_000_000, size: 100 },
    ]) {
      await assert.rejects(listKeys(fresh.read, {}, page), { name: 'StorageError', kind: 'invalid' });
    }
    const endless = listKeys(fresh.read, { aliasContains: '_'.repeat(1001) }, FIRST_PAGE);
    await assert.rejects(endless, { name: 'StorageError', kind: 'invalid' });
  });

  test('the audit tells of every change, without digests', async () => {
    const fresh = await database.open();
    await withDataKeys(fresh, 1);
    await makeKey(fresh, 'key_1', { alias: 'a' });
    await fresh.change({ actor: 'key_9', action: 'key.update', sourceAddress: null, onBehalfOf: 'zoe' }, (change) =>
      updateKey(change, 'key_1', { blocked: true }),
    );
    await fresh.change(ORIGIN, (change) => replaceCredentials(change, 'key_1', [bearer('digest-2')], 1000));
    await fresh.change(ORIGIN, (change) => deleteKey(change, 'key_1'));

    const { rows, total } = await listAudit(fresh.read, { objectKind: 'key', objectId: 'key_1' }, FIRST_PAGE);
    assert.equal(total, 5);
    const [deleted, replaced, updated, , inserted] = rows;
    assert.equal(inserted?.before, null);
    assert.equal(inserted.after?.['alias'], 'a');
    assert.equal(inserted.sourceAddress, '192.0.2.1');
    assert.deepEqual([updated?.actor, updated?.action, updated?.sourceAddress], ['key_9', 'key.update', null]);
    assert.deepEqual([updated?.onBehalfOf, inserted.onBehalfOf], ['zoe', null]);
    assert.deepEqual([updated?.before?.['blocked'], updated?.after?.['blocked']], [false, true]);
    assert.match(JSON.stringify(replaced), /key_1-access/);
    assert.equal(deleted?.before?.['deletedMs'], null);
    assert.doesNotMatch(JSON.stringify(rows), /key_1-digest|digest-2/);

    assert.equal((await listAudit(fresh.read, { actor: 'key_9' }, FIRST_PAGE)).total, 1);
    assert.equal((await listAudit(fresh.read, { changedBy: 'zoe' }, FIRST_PAGE)).total, 1);
    assert.equal((await listAudit(fresh.read, { changedBy: 'key_9' }, FIRST_PAGE)).total, 0);
    assert.equal((await listAudit(fresh.read, { changedBy: 'master', objectKind: 'key' }, FIRST_PAGE)).total, 4);
    assert.equal((await listAudit(fresh.read, { action: 'key.update' }, FIRST_PAGE)).total, 1);
    assert.equal((await listAudit(fresh.read, { fromMs: Date.now() + 60_000 }, FIRST_PAGE)).total, 0);
    assert.equal((await listAudit(fresh.read, { untilMs: 1 }, FIRST_PAGE)).total, 0);
  });

  test('a change whose audit row can not be written does not happen', async () => {
    const unwritable = { actor: 'a\0', action: 'x', sourceAddress: null, onBehalfOf: null };
    await assert.rejects(
      storage.change(unwritable, (change) => insertKey(change, 'key_unaudited', { ...KEY, alias: 'unaudited' })),
      { name: 'StorageError', kind: 'invalid' },
    );
    assert.equal(await getKey(storage.read, 'key_unaudited'), null);
    await makeKey(storage, 'key_unaudited_2', { alias: 'unaudited' });
  });
});
