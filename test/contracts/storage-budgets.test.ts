import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { ChangeNews } from '../../src/storage/change-feed.ts';
import { listAudit } from '../../src/storage/audit.ts';
import {
  countBudgetUses,
  deleteBudget,
  getBudgets,
  insertBudget,
  listBudgets,
  updateBudget,
} from '../../src/storage/budgets.ts';
import { countedSince, spentSince } from '../../src/storage/counted-spend.ts';
import { findCredential } from '../../src/storage/credentials.ts';
import { findCustomer, getCustomer, insertCustomer, updateCustomer } from '../../src/storage/customers.ts';
import { deleteKey, getKey, updateKey } from '../../src/storage/keys.ts';
import { createLedgerStore } from '../../src/storage/ledger-store.ts';
import { getSpendMarks, setSpendMark, setSpendMarkOfEveryone } from '../../src/storage/spend-marks.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { getTeam, insertTeam, updateTeam } from '../../src/storage/teams.ts';
import { getUser, insertUser, updateUser } from '../../src/storage/users.ts';
import { makeLimit } from '../../src/domain/limits/limit.ts';
import { dayStartOf } from '../../src/domain/spend-mark.ts';
import { callId, NOON_MS, sampleRecord } from '../ledger/sample-calls.ts';
import { onEachDatabase } from './each-database.ts';
import { HOLDER, makeKey, ORIGIN, USER, withDataKeys } from './sample-objects.ts';

const FIRST_PAGE = { page: 1, size: 100 };
const NAMED = { ...HOLDER, alias: null };

onEachDatabase((database) => {
  let storage: Storage;
  before(async () => {
    storage = await database.open();
    await withDataKeys(storage, 1);
  });
  const change: Storage['change'] = (origin, work) => storage.change(origin, work);
  const makeBudget = (id: string, limits = {}) => change(ORIGIN, (change) => insertBudget(change, id, { limits }));

  describe('a shared budget', () => {
    test('is stored, changed, listed and deleted, each with its audit row', async () => {
      const stored = await makeBudget('b-1', { max_budget: '5' });
      await makeBudget('b-2');
      assert.deepEqual(await getBudgets(storage.read, ['b-1', 'no-such']), [stored]);
      assert.deepEqual(await getBudgets(storage.read, []), []);
      const updated = await change(ORIGIN, (change) => updateBudget(change, 'b-1', { limits: { rpm_limit: 3 } }));
      assert.deepEqual(updated, { ...stored, limits: { rpm_limit: 3 }, updatedMs: updated.updatedMs });
      const { rows, total } = await listBudgets(storage.read, FIRST_PAGE);
      assert.deepEqual([rows.map(({ id }) => id).sort(), total], [['b-1', 'b-2'], 2]);
      await change(ORIGIN, (change) => deleteBudget(change, 'b-1'));
      assert.deepEqual(await getBudgets(storage.read, ['b-1']), []);
      const audited = await listAudit(storage.read, { objectKind: 'budget', objectId: 'b-1' }, FIRST_PAGE);
      assert.deepEqual(
        audited.rows.map(({ before, after }) => [before?.['limits'] ?? null, after?.['limits'] ?? null]),
        [
          [{ rpm_limit: 3 }, null],
          [{ max_budget: '5' }, { rpm_limit: 3 }],
          [null, { max_budget: '5' }],
        ],
      );
    });

    test('that is not there is missing, for itself and for whoever names it; one that is there a conflict', async () => {
      await makeBudget('taken');
      await change(ORIGIN, async (change) => {
        await insertTeam(change, 'holder', NAMED);
        await insertUser(change, 'holder', USER);
        await insertCustomer(change, 'holder', NAMED);
      });
      await makeKey(storage, 'key_holder');
      const gone = { budgetId: 'no-such' };
      const refusals: readonly (() => Promise<unknown>)[] = [
        () => change(ORIGIN, (change) => updateBudget(change, 'no-such', { limits: {} })),
        () => change(ORIGIN, (change) => deleteBudget(change, 'no-such')),
        () => makeKey(storage, 'key_other', gone),
        () => change(ORIGIN, (change) => updateKey(change, 'key_holder', gone)),
        () => change(ORIGIN, (change) => insertTeam(change, 'other', { ...NAMED, ...gone })),
        () => change(ORIGIN, (change) => updateTeam(change, 'holder', gone)),
        () => change(ORIGIN, (change) => insertUser(change, 'other', { ...USER, ...gone })),
        () => change(ORIGIN, (change) => updateUser(change, 'holder', gone)),
        () => change(ORIGIN, (change) => insertCustomer(change, 'other', { ...NAMED, ...gone })),
        () => change(ORIGIN, (change) => updateCustomer(change, 'holder', gone)),
      ];
      for (const act of refusals) await assert.rejects(act, { name: 'StorageError', kind: 'missing', field: 'budget' });
      await assert.rejects(() => makeBudget('taken'), { name: 'StorageError', kind: 'conflict', field: 'id' });
    });

    test('is counted by who has it, and goes from all of them with it; a deleted key does not count', async () => {
      await makeBudget('shared');
      const has = { budgetId: 'shared' };
      await makeKey(storage, 'key_live', has);
      await makeKey(storage, 'key_gone', has);
      await change(ORIGIN, async (change) => {
        await insertTeam(change, 'sharing', { ...NAMED, ...has });
        await insertUser(change, 'sharing', { ...USER, ...has });
        await insertCustomer(change, 'sharing', { ...NAMED, ...has });
        await deleteKey(change, 'key_gone');
      });
      assert.deepEqual(await countBudgetUses(storage.read, 'shared'), { keys: 1, teams: 1, users: 1, customers: 1 });
      await change(ORIGIN, (change) => deleteBudget(change, 'shared'));
      const holders = [
        await getKey(storage.read, 'key_live'),
        await getTeam(storage.read, 'sharing'),
        await getUser(storage.read, 'sharing'),
        await getCustomer(storage.read, 'sharing'),
      ];
      assert.deepEqual(
        holders.map((holder) => holder?.budgetId),
        [null, null, null, null],
      );
      assert.deepEqual(await countBudgetUses(storage.read, 'shared'), { keys: 0, teams: 0, users: 0, customers: 0 });
    });

    test('binds who has it where they have no limit of their own, as soon as a change is through', async () => {
      await makeBudget('plan', { max_budget: '10', budget_duration: '1mo', rpm_limit: 60 });
      const has = { budgetId: 'plan', limits: { max_budget: '2' } };
      await change(ORIGIN, async (change) => {
        await insertTeam(change, 'planned', { ...NAMED, ...has });
        await insertUser(change, 'planned', { ...USER, budgetId: 'plan' });
        await insertCustomer(change, 'planned', { ...NAMED, ...has, blocked: true });
      });
      await makeKey(storage, 'key_planned', { ...has, teamId: 'planned', userId: 'planned' });
      await makeKey(storage, 'key_free', { limits: { tpm_limit: 1 } });

      const both = { max_budget: '2', budget_duration: '1mo', rpm_limit: 60 };
      const owner = await findCredential(storage.read, 'bearer', ['key_planned-digest']);
      assert.deepEqual(owner?.key.limits, both);
      assert.deepEqual(owner?.team?.limits, both);
      assert.deepEqual(owner?.user?.limits, { ...both, max_budget: '10' });
      assert.deepEqual(await findCustomer(storage.read, 'planned'), { id: 'planned', blocked: true, limits: both });
      assert.equal(await findCustomer(storage.read, 'no-such'), null);
      const free = await findCredential(storage.read, 'bearer', ['key_free-digest']);
      assert.deepEqual(free?.key.limits, { tpm_limit: 1 });

      const heard: ChangeNews[] = [];
      const stop = storage.changes.subscribe((news) => heard.push(news));
      await change(ORIGIN, (change) => updateBudget(change, 'plan', { limits: { max_budget: '3' } }));
      stop();
      // A poll that comes while the change is committed may hear of it too, before it is known to be our own.
      assert.ok(heard.length > 0);
      for (const news of heard) assert.deepEqual(news, [{ kind: 'budget', id: 'plan' }]);
      const later = await findCredential(storage.read, 'bearer', ['key_planned-digest']);
      assert.deepEqual([later?.key.limits, later?.user?.limits], [{ max_budget: '2' }, { max_budget: '3' }]);
    });

    test('that has gone from under its holders lets none of them in', async () => {
      await makeBudget('lost');
      await makeKey(storage, 'key_lost', { budgetId: 'lost' });
      await change(ORIGIN, async (change) => {
        await insertCustomer(change, 'lost', { ...NAMED, budgetId: 'lost' });
        await change.db.deleteFrom('budget').where('id', '=', 'lost').execute();
      });
      assert.equal((await findCredential(storage.read, 'bearer', ['key_lost-digest']))?.key.blocked, true);
      assert.equal((await findCustomer(storage.read, 'lost'))?.blocked, true);
    });
  });

  describe('what somebody has spent', () => {
    const BIG = 2n ** 62n;

    test('can be set, exactly, with its audit row', async () => {
      const mark = { atMs: 5000, nanos: BIG, dayNanos: BIG - 1n };
      await change(ORIGIN, (change) => setSpendMark(change, 'key', 'k-1', mark, { spentNanos: BIG }));
      await change(ORIGIN, (change) => setSpendMark(change, 'key', 'k-1', { ...mark, nanos: 3n }, { spentNanos: BIG }));
      assert.deepEqual(
        await getSpendMarks(storage.read, 'key', ['k-1', 'k-2']),
        new Map([['k-1', { ...mark, nanos: 3n }]]),
      );
      assert.deepEqual(await getSpendMarks(storage.read, 'team', ['k-1']), new Map());
      assert.deepEqual(await getSpendMarks(storage.read, 'key', []), new Map());
      const { rows } = await listAudit(storage.read, { objectKind: 'key', objectId: 'k-1' }, FIRST_PAGE);
      assert.deepEqual([rows[0]?.before, rows[0]?.after], [{ spentNanos: `${BIG}` }, { spentNanos: '3' }]);
    });

    test('can be set back for all keys and teams at once, whatever was set before', async () => {
      const fresh = await database.open();
      await fresh.change(ORIGIN, async (change) => {
        const older = { atMs: 1000, nanos: 7n, dayNanos: 0n };
        for (const kind of ['key', 'team', 'user'] as const)
          await setSpendMark(change, kind, 'old', older, { spentNanos: 9n });
        const many = Array.from({ length: 2500 }, (_, index) => [`k-${index}`, BigInt(index)] as const);
        await setSpendMarkOfEveryone(change, 2000, { key: new Map(many), team: new Map([['t', 4n]]) });
      });
      const all = { atMs: 2000, nanos: 0n, dayNanos: 0n };
      assert.deepEqual(
        await getSpendMarks(fresh.read, 'key', ['old', 'k-2499', 'unheard-of']),
        new Map([
          ['old', all],
          ['k-2499', { ...all, dayNanos: 2499n }],
          ['unheard-of', all],
        ]),
      );
      assert.deepEqual((await getSpendMarks(fresh.read, 'team', ['t'])).get('t'), { ...all, dayNanos: 4n });
      assert.deepEqual(
        await getSpendMarks(fresh.read, 'user', ['old', 'other']),
        new Map([['old', { atMs: 1000, nanos: 7n, dayNanos: 0n }]]),
      );
      const { rows } = await listAudit(fresh.read, { objectKind: 'spend' }, FIRST_PAGE);
      assert.deepEqual(rows[0]?.after, { atMs: 2000 });

      await fresh.change(ORIGIN, (change) =>
        setSpendMark(change, 'key', 'old', { atMs: 3000, nanos: 1n, dayNanos: 0n }, { spentNanos: 2n }),
      );
      assert.equal((await getSpendMarks(fresh.read, 'key', ['old'])).get('old')?.atMs, 3000);
    });
  });

  describe('what counters of limits begin with', () => {
    const HOUR_MS = 3_600_000;
    const DAY_MS = 24 * HOUR_MS;
    const spends = (keyId: string, hours: readonly number[]) =>
      hours.map((hour, index) => {
        const startedAtMs = NOON_MS + hour * HOUR_MS;
        const record = sampleRecord(index, { startedAtMs, id: callId(index, startedAtMs) });
        const attribution = { ...record.attribution, keyId, teamId: 'team_a' };
        return { ...record, attribution, cost: { kind: 'known', nanos: 100n }, reservedNanos: 0n } as const;
      });
    const limitOf = (id: string, facts = {}) =>
      makeLimit({ kind: 'spend', max: 1, window: { kind: 'forever' }, scope: { kind: 'key', id }, ...facts });

    test('is what was spent after it was set back, also when the single records are gone', async () => {
      const fresh = await database.open();
      const ledger = createLedgerStore(fresh);
      await ledger.insertCalls([...spends('key_a', [-30, -2, -1]), ...spends('key_b', [-1])]);
      const today = await spentSince(fresh, 'key', ['key_a', 'nobody'], dayStartOf(NOON_MS));
      assert.deepEqual(
        today,
        new Map([
          ['key_a', 200n],
          ['nobody', 0n],
        ]),
      );
      const mark = { atMs: NOON_MS, nanos: 30n, dayNanos: today.get('key_a') ?? 0n };
      await fresh.change(ORIGIN, (change) => setSpendMark(change, 'key', 'key_a', mark, { spentNanos: 300n }));
      await ledger.insertCalls(spends('key_a', [1, 30]));

      const requests = limitOf('key_a', { kind: 'requests' });
      const ofModel = limitOf('key_a', { model: '*' });
      const needs = [
        { limit: limitOf('key_a'), sinceMs: 0 },
        { limit: limitOf('key_a'), sinceMs: NOON_MS - HOUR_MS / 2 },
        { limit: limitOf('key_a'), sinceMs: NOON_MS + HOUR_MS / 2 },
        { limit: limitOf('key_b'), sinceMs: 0 },
        { limit: requests, sinceMs: 0 },
        { limit: ofModel, sinceMs: 0 },
      ];
      assert.deepEqual(await countedSince(fresh, needs), [230, 230, 200, 100, 5, 500]);
      await ledger.maintain(NOON_MS + 40 * DAY_MS, 1);
      assert.deepEqual(await countedSince(fresh, needs.slice(0, 2)), [230, 230]);
    });

    test('of everybody set back at once is told by their day', async () => {
      const fresh = await database.open();
      const ledger = createLedgerStore(fresh);
      await ledger.insertCalls([...spends('key_a', [-30, -2, -1]), ...spends('key_b', [-30])]);
      const day = dayStartOf(NOON_MS);
      const [key, team] = [await spentSince(fresh, 'key', null, day), await spentSince(fresh, 'team', null, day)];
      assert.deepEqual([key, team], [new Map([['key_a', 200n]]), new Map([['team_a', 200n]])]);
      await fresh.change(ORIGIN, (change) => setSpendMarkOfEveryone(change, NOON_MS, { key, team }));
      await ledger.insertCalls(spends('key_b', [1]));
      const team_a = limitOf('', { scope: { kind: 'team', id: 'team_a' } });
      const limits = [limitOf('key_a'), limitOf('key_b'), team_a];
      assert.deepEqual(
        await countedSince(
          fresh,
          limits.map((limit) => ({ limit, sinceMs: 0 })),
        ),
        [0, 100, 100],
      );
    });
  });
});
