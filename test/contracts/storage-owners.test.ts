import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { listAudit } from '../../src/storage/audit.ts';
import { findCredential } from '../../src/storage/credentials.ts';
import {
  deleteCustomer,
  getCustomer,
  insertCustomer,
  listCustomers,
  updateCustomer,
} from '../../src/storage/customers.ts';
import { addDataKeyCopy, insertDataKey, listDataKeys } from '../../src/storage/data-keys.ts';
import { getKey } from '../../src/storage/keys.ts';
import type { Storage } from '../../src/storage/storage.ts';
import {
  deleteTeam,
  getTeam,
  insertTeam,
  listMembers,
  listMemberships,
  listTeams,
  removeMember,
  setMember,
  updateTeam,
} from '../../src/storage/teams.ts';
import {
  countUsersWithRole,
  deleteUser,
  getUser,
  getUserByEmail,
  insertUser,
  listUsers,
  updateUser,
} from '../../src/storage/users.ts';
import { onEachDatabase } from './each-database.ts';
import { COPY, HOLDER, makeKey, ORIGIN, USER, withDataKeys } from './sample-objects.ts';

const FIRST_PAGE = { page: 1, size: 100 };
const TEAM = { ...HOLDER, alias: null };

onEachDatabase((database) => {
  let storage: Storage;
  before(async () => {
    storage = await database.open();
    await withDataKeys(storage, 1);
  });
  const change: Storage['change'] = (origin, work) => storage.change(origin, work);

  test('a team is stored, changed, listed and deleted with its keys', async () => {
    const stored = await change(ORIGIN, (change) =>
      insertTeam(change, 'team-1', { ...TEAM, alias: 'Platform', tags: ['a'], limits: { tpm: 5 } }),
    );
    assert.deepEqual(await getTeam(storage.read, 'team-1'), stored);
    const updated = await change(ORIGIN, (change) => updateTeam(change, 'team-1', { blocked: true }));
    assert.deepEqual(updated, { ...stored, blocked: true, updatedMs: updated.updatedMs });
    assert.deepEqual(await getTeam(storage.read, 'team-1'), updated);
    await makeKey(storage, 'key_team', { teamId: 'team-1' });
    await makeKey(storage, 'key_other');

    await change(ORIGIN, (change) => deleteTeam(change, 'team-1'));
    assert.equal(await getTeam(storage.read, 'team-1'), null);
    assert.equal(await findCredential(storage.read, 'bearer', ['key_team-digest']), null);
    assert.notEqual((await getKey(storage.read, 'key_team'))?.deletedMs, null);
    assert.notEqual(await findCredential(storage.read, 'bearer', ['key_other-digest']), null);
    const { rows } = await listAudit(storage.read, { objectKind: 'key', objectId: 'key_team' }, FIRST_PAGE);
    assert.notEqual(rows[0]?.after?.['deletedMs'], null);
  });

  test('what is not there is missing, what is there already a conflict', async () => {
    const refusals: readonly [string, () => Promise<unknown>][] = [
      ['team', () => change(ORIGIN, (change) => updateTeam(change, 'no-such', {}))],
      ['team', () => change(ORIGIN, (change) => deleteTeam(change, 'no-such'))],
      ['team', () => change(ORIGIN, (change) => setMember(change, { teamId: 'x', userId: 'x', role: 'user' }))],
      ['member', () => change(ORIGIN, (change) => removeMember(change, 'x', 'x'))],
      ['user', () => change(ORIGIN, (change) => updateUser(change, 'no-such', {}))],
      ['user', () => change(ORIGIN, (change) => deleteUser(change, 'no-such'))],
      ['customer', () => change(ORIGIN, (change) => updateCustomer(change, 'no-such', {}))],
      ['customer', () => change(ORIGIN, (change) => deleteCustomer(change, 'no-such'))],
      ['data key', () => change(ORIGIN, (change) => addDataKeyCopy(change, 99, COPY))],
    ];
    for (const [field, act] of refusals) await assert.rejects(act, { name: 'StorageError', kind: 'missing', field });

    await change(ORIGIN, async (change) => {
      await insertTeam(change, 'twice', TEAM);
      await insertUser(change, 'twice', { ...USER, email: 'twice@example.com' });
      await insertCustomer(change, 'twice', TEAM);
    });
    const conflicts: readonly [string, () => Promise<unknown>][] = [
      ['id', () => change(ORIGIN, (change) => insertTeam(change, 'twice', TEAM))],
      ['id', () => change(ORIGIN, (change) => insertUser(change, 'twice', USER))],
      ['id', () => change(ORIGIN, (change) => insertCustomer(change, 'twice', TEAM))],
      ['email', () => change(ORIGIN, (change) => insertUser(change, 'new', { ...USER, email: 'twice@example.com' }))],
    ];
    for (const [field, act] of conflicts) {
      await assert.rejects(act, { name: 'StorageError', kind: 'conflict', field });
    }
  });

  test('a user is stored, found by mail, counted by role and deleted with keys and memberships', async () => {
    const stored = await change(ORIGIN, (change) =>
      insertUser(change, 'user-1', { ...USER, email: 'One@example.com', role: 'proxy_admin' }),
    );
    assert.deepEqual(await getUser(storage.read, 'user-1'), stored);
    assert.deepEqual(await getUserByEmail(storage.read, 'One@example.com'), stored);
    assert.equal(await getUserByEmail(storage.read, 'one@example.com'), null);
    assert.equal(await countUsersWithRole(storage.read, 'proxy_admin'), 1);
    await change(ORIGIN, (change) => insertTeam(change, 'team-2', TEAM));
    await change(ORIGIN, (change) => setMember(change, { teamId: 'team-2', userId: 'user-1', role: 'user' }));
    await change(ORIGIN, (change) => setMember(change, { teamId: 'team-2', userId: 'user-1', role: 'admin' }));
    const membership = { teamId: 'team-2', userId: 'user-1', role: 'admin' };
    assert.deepEqual(await listMembers(storage.read, 'team-2'), [membership]);
    assert.deepEqual(await listMemberships(storage.read, 'user-1'), [membership]);
    const ofTeam = await listUsers(storage.read, { teamId: 'team-2' }, FIRST_PAGE);
    assert.deepEqual(ofTeam.rows, [stored]);
    const ofUser = await listTeams(storage.read, { memberId: 'user-1' }, FIRST_PAGE);
    assert.deepEqual(
      ofUser.rows.map(({ id }) => id),
      ['team-2'],
    );
    await makeKey(storage, 'key_user', { userId: 'user-1' });

    await change(ORIGIN, (change) => deleteUser(change, 'user-1'));
    assert.equal(await getUser(storage.read, 'user-1'), null);
    assert.deepEqual(await listMembers(storage.read, 'team-2'), []);
    assert.equal(await findCredential(storage.read, 'aws', ['key_user-access']), null);
    assert.equal(await countUsersWithRole(storage.read, 'proxy_admin'), 0);
  });

  test('teams, users and customers are listed by filter', async () => {
    const fresh = await database.open();
    await fresh.change(ORIGIN, async (change) => {
      for (const id of ['a', 'b', 'c']) {
        await insertTeam(change, id, { ...TEAM, alias: `Team ${id}` });
        await insertUser(change, id, { ...USER, email: `${id}@example.com`, role: id === 'a' ? 'proxy_admin' : 'x' });
        await insertCustomer(change, `cust_${id}`, { ...TEAM, blocked: id === 'c' });
      }
    });
    const ids = ({ rows }: { readonly rows: readonly { readonly id: string }[] }) => rows.map(({ id }) => id);
    assert.deepEqual(ids(await listTeams(fresh.read, {}, { page: 2, size: 2 })), ['c']);
    assert.deepEqual(ids(await listTeams(fresh.read, { ids: ['a', 'c', 'no-such'] }, FIRST_PAGE)), ['a', 'c']);
    assert.deepEqual(ids(await listTeams(fresh.read, { ids: [] }, FIRST_PAGE)), []);
    assert.deepEqual(ids(await listTeams(fresh.read, { alias: 'Team b' }, FIRST_PAGE)), ['b']);
    assert.deepEqual(ids(await listTeams(fresh.read, { aliasContains: 'TEAM' }, FIRST_PAGE)), ['a', 'b', 'c']);
    assert.deepEqual(ids(await listUsers(fresh.read, { role: 'proxy_admin' }, FIRST_PAGE)), ['a']);
    assert.deepEqual(ids(await listUsers(fresh.read, { ids: ['b'], emailContains: '@EXAMPLE' }, FIRST_PAGE)), ['b']);
    assert.deepEqual(ids(await listUsers(fresh.read, { ids: [] }, FIRST_PAGE)), []);
    assert.deepEqual(ids(await listCustomers(fresh.read, { blocked: true }, FIRST_PAGE)), ['cust_c']);
    assert.deepEqual(ids(await listCustomers(fresh.read, { idContains: 'T_A' }, FIRST_PAGE)), ['cust_a']);
  });

  test('a customer is stored, changed and deleted', async () => {
    const stored = await change(ORIGIN, (change) => insertCustomer(change, 'c-1', { ...TEAM, settings: { a: 1 } }));
    const updated = await change(ORIGIN, (change) => updateCustomer(change, 'c-1', { alias: 'C', blocked: true }));
    assert.deepEqual(updated, { ...stored, alias: 'C', blocked: true, updatedMs: updated.updatedMs });
    assert.deepEqual(await getCustomer(storage.read, 'c-1'), updated);
    await change(ORIGIN, (change) => deleteCustomer(change, 'c-1'));
    assert.equal(await getCustomer(storage.read, 'c-1'), null);
  });

  test('of several that make the first data key at once one wins, and a new version ends the others', async () => {
    const place = await database.newPlace();
    const instances = await Promise.all([1, 2, 3, 4].map(() => database.open(place)));
    const won = await Promise.all(
      instances.map((instance, index) =>
        instance.change(ORIGIN, (change) => insertDataKey(change, 1, { ...COPY, salt: `salt ${index}` }, null)),
      ),
    );
    assert.equal(won.filter(Boolean).length, 1);
    const [first] = instances;
    assert.ok(first !== undefined);
    const copy = { ...COPY, salt: `salt ${won.indexOf(true)}` };
    assert.deepEqual(await listDataKeys(first.read), [{ version: 1, retiredAtMs: null, copies: [copy] }]);

    await first.change(ORIGIN, (change) => addDataKeyCopy(change, 1, COPY));
    assert.equal(await first.change(ORIGIN, (change) => insertDataKey(change, 2, COPY, 5000)), true);
    assert.equal(await first.change(ORIGIN, (change) => insertDataKey(change, 3, COPY, 9000)), true);
    assert.deepEqual(await listDataKeys(first.read), [
      { version: 1, retiredAtMs: 5000, copies: [copy, COPY] },
      { version: 2, retiredAtMs: 9000, copies: [COPY] },
      { version: 3, retiredAtMs: null, copies: [COPY] },
    ]);
  });
});
