import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { makeLimit } from '../../src/domain/limits/limit.ts';
import { parseWindow } from '../../src/domain/limits/window.ts';
import type { SpenderKind } from '../../src/domain/lists.ts';
import { onEachDatabase } from '../contracts/each-database.ts';
import { type Answered, errorOf, openTestAdmin, type TestAdmin, textOf } from './test-admin.ts';

const DOLLAR = 1_000_000_000n;
const DAY_MS = 86_400_000;

onEachDatabase((database) => {
  let admin: TestAdmin;
  before(async () => {
    admin = await openTestAdmin({ database });
  });

  async function must(request: string, body?: unknown): Promise<Answered> {
    const answered = await admin.ask(request, { body });
    assert.equal(answered.status, 200, answered.text);
    return answered;
  }

  async function newKey(body: object = {}): Promise<string> {
    return textOf(await must('POST /key/generate', body), 'token_id');
  }

  const now = () => admin.parts.clock.nowMs();
  const spend = (by: SpenderKind, id: string, nanos: bigint) => admin.metering.spend(by, id, now(), nanos);

  /** Moves the clock into the next day, so that two moments of one day stay in it. */
  function nextDay(): void {
    admin.pass(DAY_MS - (now() % DAY_MS) + 3_600_000);
  }

  /** The counter of a key's budget over all models. */
  function counterOf(id: string, duration: string | null = null): string {
    const window = (duration === null ? null : parseWindow(duration)) ?? { kind: 'forever' as const };
    return makeLimit({ kind: 'spend', max: 0, window, scope: { kind: 'key', id } }).id;
  }

  async function spendOf(id: string): Promise<unknown> {
    const { text } = await must(`GET /key/info?key=${id}`);
    return /"spend":([^,]+),/.exec(text)?.[1];
  }

  describe('what somebody has spent', () => {
    test('is what the ledger has of all time where there is no budget, exact in the digits a number holds', async () => {
      const id = await newKey();
      assert.equal(await spendOf(id), '0');
      admin.metering.spend('key', id, 1000, 12_345_678_901n);
      spend('key', id, 1n);
      assert.equal(await spendOf(id), '12.345678902');
    });

    test('is what counts against the budget where there is one, without what running calls hold', async () => {
      const id = await newKey({ max_budget: 10, budget_duration: '24h' });
      admin.metering.counted.set(counterOf(id, '24h'), { used: 3_000_000_000, reserved: 500_000_000 });
      admin.metering.spend('key', id, 1000, 9n * DOLLAR);
      assert.equal(await spendOf(id), '2.5');
    });

    test('is told from the ledger, since the beginning of the window, when the counters can not tell', async () => {
      nextDay();
      const id = await newKey({ max_budget: 10, budget_duration: '24h' });
      admin.metering.spend('key', id, now() - DAY_MS, 4n * DOLLAR);
      spend('key', id, DOLLAR);
      assert.equal(await spendOf(id), '1');
    });

    test('is told of teams, users and customers too, and in lists', async () => {
      await must('POST /team/new', { team_id: 't' });
      await must('POST /user/new', { user_id: 'u', auto_create_key: false });
      await must('POST /customer/new', { user_id: 'c' });
      for (const [kind, id] of [
        ['team', 't'],
        ['user', 'u'],
        ['customer', 'c'],
      ] as const)
        spend(kind, id, 2n * DOLLAR);
      const id = await newKey({ team_id: 't', user_id: 'u' });
      spend('key', id, 7n * DOLLAR);
      for (const [target, dollars] of [
        ['/team/info?team_id=t', 2],
        ['/team/list', 2],
        ['/v2/team/list', 2],
        ['/user/info?user_id=u', 2],
        ['/user/list?user_ids=u', 2],
        ['/customer/info?end_user_id=c', 2],
        ['/customer/list', 2],
        ['/key/list?return_full_object=true&team_id=t', 7],
      ] as const) {
        assert.match((await must(`GET ${target}`)).text, new RegExp(`"spend":${dollars},`), target);
      }
    });

    test('is null when nobody can tell, and nothing else is lost over it', async () => {
      const id = await newKey({ max_budget: 1 });
      admin.metering.isDown = true;
      const made = await must('POST /key/generate', { key_alias: 'made-anyway' });
      const shown = await spendOf(id);
      admin.metering.isDown = false;
      assert.equal(shown, 'null');
      assert.ok(textOf(made, 'key').startsWith('sk-'));
    });
  });

  describe('setting back what a key has spent', () => {
    test('answers as LiteLLM, sets the counters of the key, and is noted in the audit', async () => {
      const id = await newKey({ max_budget: 10, soft_budget: 5, model_max_budget: { m: 3 } });
      admin.metering.counted.set(counterOf(id), { used: 8_000_000_000, reserved: 0 });
      const { json } = await must(`POST /key/${id}/reset_spend`, { reset_to: 1.5 });
      assert.deepEqual(json, { key_hash: id, spend: 1.5, previous_spend: 8, max_budget: 10, budget_reset_at: null });
      const reset = [...admin.metering.counted].filter(([name]) => name.includes(id));
      assert.deepEqual(
        reset.map(([name, { used }]) => [name.includes('model:'), used]),
        [
          [false, 1_500_000_000],
          [false, 1_500_000_000],
        ],
      );
      assert.equal(await spendOf(id), '1.5');
      const { text } = await must(`GET /audit?action=key.reset_spend&object_id=${id}`);
      assert.match(text, /"before_value":\{"spentNanos":"8000000000"\},"updated_values":\{"spentNanos":"1500000000"\}/);
    });

    test('holds when the counters are lost: what was spent before does not come back, what comes after counts', async () => {
      nextDay();
      const id = await newKey({ max_budget: 10 });
      admin.metering.spend('key', id, now() - 40 * DAY_MS, 5n * DOLLAR);
      spend('key', id, 4n * DOLLAR);
      await must(`POST /key/${id}/reset_spend`, { reset_to: 2 });
      spend('key', id, DOLLAR);
      admin.metering.counted.clear();
      assert.equal(await spendOf(id), '3');
      admin.pass(40 * DAY_MS);
      assert.equal(await spendOf(id), '3');
    });

    test('is over with the window it was in', async () => {
      nextDay();
      const id = await newKey({ max_budget: 10, budget_duration: '24h' });
      spend('key', id, 4n * DOLLAR);
      await must(`POST /key/${id}/reset_spend`, { reset_to: 3 });
      admin.metering.counted.clear();
      assert.equal(await spendOf(id), '3');
      admin.pass(DAY_MS);
      assert.equal(await spendOf(id), '0');
    });

    const several = { max_budget: 9, budget_limits: [{ max_budget: 5, budget_duration: '24h' }] };
    const REFUSED: readonly (readonly [why: string, key: object, body: object, status: number])[] = [
      ['more than was spent', { max_budget: 10 }, { reset_to: 4.000000001 }, 400],
      ['more than the budget', { max_budget: 3 }, { reset_to: 3.5 }, 400],
      ['less than nothing', {}, { reset_to: -1 }, 422],
      ['no amount', {}, {}, 422],
      ['words', {}, { reset_to: 'nothing' }, 422],
      ['a part where there are several durations', several, { reset_to: 1 }, 400],
    ];
    for (const [why, body, reset, status] of REFUSED) {
      test(`is refused: ${why}`, async () => {
        const id = await newKey(body);
        spend('key', id, 4n * DOLLAR);
        const refused = await admin.ask(`POST /key/${id}/reset_spend`, { body: reset });
        assert.deepEqual([refused.status, errorOf(refused)['param']], [status, 'reset_to'], refused.text);
        assert.equal(await spendOf(id), '4');
      });
    }

    test('of everything where there are several durations is fine', async () => {
      const id = await newKey(several);
      spend('key', id, 4n * DOLLAR);
      await must(`POST /key/${id}/reset_spend`, { reset_to: 0 });
      assert.equal(await spendOf(id), '0');
    });

    test('is refused while nobody can tell what was spent', async () => {
      const id = await newKey({ max_budget: 1 });
      admin.metering.isDown = true;
      const refused = await admin.ask(`POST /key/${id}/reset_spend`, { body: { reset_to: 0 } });
      admin.metering.isDown = false;
      assert.equal(refused.status, 503);
    });

    test('is for admins of its team, not for who uses it, and not for an admin with limits of its own', async () => {
      const newUser = async (user_id: string) =>
        textOf(await must('POST /user/new', { user_id, user_role: 'internal_user' }), 'key');
      const [owner, lead] = [await newUser('owner'), await newUser('lead')];
      await must('POST /team/new', { team_id: 'crew', members_with_roles: [{ role: 'admin', user_id: 'lead' }] });
      const id = await newKey({ user_id: 'owner', team_id: 'crew' });
      const bound = textOf(
        await must('POST /key/generate', { user_id: 'lead', team_id: 'crew', max_budget: 1 }),
        'key',
      );
      const reset = async (key: string) =>
        (await admin.ask(`POST /key/${id}/reset_spend`, { key, body: { reset_to: 0 } })).status;
      assert.deepEqual([await reset(owner), await reset(bound), await reset(lead)], [403, 403, 200]);
      const own = await admin.ask(`POST /key/${bound}/reset_spend`, { key: bound, body: { reset_to: 0 } });
      assert.equal(own.status, 403);
    });
  });

  test('setting back everything is for all keys and teams; users and customers go on', async () => {
    nextDay();
    await must('POST /budget/new', { budget_id: 'shared', max_budget: 5 });
    const ids = [await newKey(), await newKey({ max_budget: 10 }), await newKey({ budget_id: 'shared' })];
    for (const id of ids) {
      admin.metering.spend('key', id, now() - 3 * DAY_MS, 3n * DOLLAR);
      spend('key', id, 4n * DOLLAR);
    }
    await must('POST /team/new', { team_id: 'all', max_budget: 10 });
    await must('POST /user/new', { user_id: 'on', auto_create_key: false });
    spend('team', 'all', DOLLAR);
    spend('user', 'on', DOLLAR);
    admin.metering.counted.set(counterOf(ids[1] ?? ''), { used: 7_000_000_000, reserved: 0 });
    const { json } = await must('POST /global/spend/reset');
    assert.deepEqual(json, { message: 'Spend for all API Keys and Teams reset successfully', status: 'success' });
    for (const id of ids) assert.equal(await spendOf(id), '0');
    assert.equal(admin.metering.counted.get(counterOf(ids[2] ?? ''))?.used, 0);
    admin.metering.counted.clear();
    for (const id of ids) spend('key', id, 2n * DOLLAR);
    for (const id of ids) assert.equal(await spendOf(id), '2');
    assert.match((await must('GET /team/info?team_id=all')).text, /"spend":0,/);
    assert.match((await must('GET /user/info?user_id=on')).text, /"spend":1,/);
    assert.equal((await must('GET /audit?table_name=spend')).json['total'], 1);
  });
});
