import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { onEachDatabase } from '../contracts/each-database.ts';
import { type Answered, errorOf, openTestAdmin, type TestAdmin, textOf } from './test-admin.ts';

onEachDatabase((database) => {
  let admin: TestAdmin;

  async function must(request: string, body?: unknown, key?: string): Promise<Answered> {
    const answered = await admin.ask(request, { body, ...(key === undefined ? {} : { key }) });
    assert.equal(answered.status, 200, answered.text);
    return answered;
  }

  async function refused(request: string, body: object, key: string, param: string | null): Promise<void> {
    const answered = await admin.ask(request, { body, key });
    assert.deepEqual([answered.status, errorOf(answered)['param']], [403, param], `${request}: ${answered.text}`);
  }

  /** A user who may make keys, and a key of theirs. */
  async function newUser(userId: string, body: object = {}): Promise<string> {
    return textOf(await must('POST /user/new', { user_id: userId, user_role: 'internal_user', ...body }), 'key');
  }

  before(async () => {
    admin = await openTestAdmin({ database });
  });

  describe('a key with limits of its own', () => {
    let key = '';
    before(async () => {
      await newUser('limited');
      key = textOf(
        await must('POST /key/generate', {
          user_id: 'limited',
          max_budget: 5,
          rpm_limit: 20,
          budget_duration: '24h',
          limits: [{ kind: 'requests', max: 9, window: '1h' }],
          max_output_tokens_reserved: 1000,
        }),
        'key',
      );
    });

    test('makes no other, whatever limits that would have: it would not count against them', async () => {
      for (const body of [{}, { max_budget: 1 }, { max_budget: 5, rpm_limit: 20, max_output_tokens_reserved: 10 }]) {
        await refused('POST /key/generate', body, key, 'rpm_limit');
      }
    });

    const LOOSER: readonly (readonly [field: string, body: object])[] = [
      ['max_budget', { max_budget: 5.01 }],
      ['max_budget', { max_budget: null }],
      ['rpm_limit', { rpm_limit: 21 }],
      ['rpm_limit', { rpm_limit: null }],
      ['budget_duration', { budget_duration: '1h' }],
      ['budget_duration', { budget_duration: null }],
      ['limits', { limits: [] }],
      ['limits', { limits: [{ kind: 'requests', max: 10, window: '1h' }] }],
      ['temp_budget_increase', { temp_budget_increase: 5, temp_budget_expiry: '2027-01-01' }],
      ['budget_id', { budget_id: 'any' }],
      ['max_output_tokens_reserved', { max_output_tokens_reserved: 1001 }],
      ['max_output_tokens_reserved', { max_output_tokens_reserved: null }],
    ];
    for (const [field, body] of LOOSER) {
      test(`can not give itself ${JSON.stringify(body)}`, () =>
        refused('POST /key/update', { key, ...body }, key, field));
    }

    test('can lower its limits, and have more of them', async () => {
      const { json } = await must('POST /key/update', { key, max_budget: 4, tpm_limit: 100, soft_budget: 3 }, key);
      assert.deepEqual([json['max_budget'], json['tpm_limit'], json['soft_budget']], [4, 100, 3]);
      await refused('POST /key/update', { key, max_budget: 5 }, key, 'max_budget');
      await must('POST /key/update', { key, max_output_tokens_reserved: 500 }, key);
    });

    test('can loosen no other key, and is handed the value of none but itself', async () => {
      const other = textOf(await must('POST /key/generate', { user_id: 'limited', max_budget: 3 }), 'token_id');
      await refused('POST /key/update', { key: other, max_budget: 4 }, key, 'max_budget');
      await must('POST /key/update', { key: other, max_budget: 2, max_output_tokens_reserved: 10 }, key);
      await refused('POST /key/regenerate', { key: other }, key, 'rpm_limit');
      key = textOf(await must('POST /key/regenerate', { key }, key), 'key');
    });

    test('only with soft limits is bound by nothing', async () => {
      await newUser('warned');
      const warned = textOf(await must('POST /key/generate', { user_id: 'warned', soft_budget: 1 }), 'key');
      await must('POST /key/generate', { max_budget: 100 }, warned);
    });

    test('only by its shared budget is bound all the same', async () => {
      await must('POST /budget/new', { budget_id: 'bounding', max_budget: 3 });
      await newUser('sharing');
      const sharing = textOf(await must('POST /key/generate', { user_id: 'sharing', budget_id: 'bounding' }), 'key');
      await refused('POST /key/generate', {}, sharing, 'max_budget');
      await refused('POST /key/update', { key: sharing, max_budget: 4 }, sharing, 'max_budget');
      await must('POST /key/update', { key: sharing, max_budget: 2 }, sharing);
    });
  });

  describe('a key of a user with limits', () => {
    test('makes keys of that user, which share them, with any limits or none', async () => {
      const key = await newUser('budgeted', { max_budget: 10 });
      const { json } = await must('POST /key/generate', { max_budget: 50 }, key);
      assert.deepEqual([json['user_id'], json['max_budget']], ['budgeted', 50]);
    });

    test('makes no key of a team alone, though it leads the team', async () => {
      const key = await newUser('budgeted-lead', { max_budget: 10 });
      await must('POST /team/new', {
        team_id: 'led',
        members_with_roles: [{ role: 'admin', user_id: 'budgeted-lead' }],
      });
      await refused('POST /key/service-account/generate', { team_id: 'led' }, key, 'user_id');
      await must('POST /key/generate', { team_id: 'led' }, key);
    });
  });

  describe('a key of a team with limits', () => {
    test('makes no key outside of the team', async () => {
      await newUser('member');
      await must('POST /team/new', {
        team_id: 'bound',
        max_budget: 10,
        members_with_roles: [{ role: 'admin', user_id: 'member' }],
      });
      const key = textOf(await must('POST /key/generate', { user_id: 'member', team_id: 'bound' }), 'key');
      await refused('POST /key/generate', {}, key, 'team_id');
      await must('POST /key/generate', { team_id: 'bound' }, key);
      await must('POST /key/service-account/generate', { team_id: 'bound', max_budget: 99 }, key);
    });

    test('and an admin of a team does not change what the team may spend', async () => {
      const key = await newUser('climbing');
      await must('POST /team/new', {
        team_id: 'poor',
        max_budget: 1,
        members_with_roles: [{ role: 'admin', user_id: 'climbing' }],
      });
      for (const body of [{ max_budget: 2 }, { max_budget: null }, { rpm_limit: 1 }, { budget_id: null }]) {
        await refused('POST /team/update', { team_id: 'poor', ...body }, key, null);
      }
      await must('POST /team/update', { team_id: 'poor', team_alias: 'Poor' }, key);
    });
  });

  describe('a cap on output', () => {
    test('is handed on to keys that ask for nothing, and can only be lowered', async () => {
      await newUser('capped');
      const key = textOf(
        await must('POST /key/generate', { user_id: 'capped', max_output_tokens_reserved: 100 }),
        'key',
      );
      assert.equal((await must('POST /key/generate', {}, key)).json['max_output_tokens_reserved'], 100);
      await must('POST /key/generate', { max_output_tokens_reserved: 99 }, key);
      await refused('POST /key/generate', { max_output_tokens_reserved: 101 }, key, 'max_output_tokens_reserved');
      const open = textOf(await must('POST /key/generate', { user_id: 'capped' }), 'token_id');
      await refused('POST /key/regenerate', { key: open }, key, 'max_output_tokens_reserved');
    });
  });

  test('nobody but an administrator says which shared budget binds a key', async () => {
    await must('POST /budget/new', { budget_id: 'given', max_budget: 3 });
    const key = await newUser('choosing');
    await refused('POST /key/generate', { budget_id: 'given' }, key, 'budget_id');
    const bound = textOf(await must('POST /key/generate', { user_id: 'choosing', budget_id: 'given' }), 'token_id');
    await refused('POST /key/update', { key: bound, budget_id: null }, key, 'budget_id');
    await must('POST /key/update', { key: bound, budget_id: 'given', tags: ['x'] }, key);
  });

  test('an administrator sets limits of everybody, whatever its own are', async () => {
    const key = await newUser('chief', { user_role: 'proxy_admin', max_budget: 1 });
    await must('POST /key/generate', { max_budget: 100 }, key);
    await must('POST /team/new', { max_budget: 100 }, key);
  });
});
