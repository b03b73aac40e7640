import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { z } from 'zod';
import { onEachDatabase } from '../contracts/each-database.ts';
import { type Answered, errorOf, openTestAdmin, type TestAdmin, textOf } from './test-admin.ts';

const rows = z.array(z.looseObject({}));

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

  const listed = ({ text }: Answered) => rows.parse(JSON.parse(text));

  describe('a shared budget', () => {
    test('is made with LiteLLM’s fields and shown with when it begins anew', async () => {
      const given = {
        budget_id: 'monthly',
        max_budget: 100,
        soft_budget: 80,
        max_parallel_requests: 5,
        tpm_limit: 1000,
        rpm_limit: 10,
        budget_duration: '1mo',
        model_max_budget: { 'anthropic.*': { budget_limit: 50, time_period: '1mo' } },
      };
      const { json } = await must('POST /budget/new', given);
      for (const [field, value] of Object.entries(given)) assert.deepEqual(json[field], value, field);
      const now = new Date();
      const firstOfNext = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1)).toISOString();
      assert.equal(json['budget_reset_at'], firstOfNext);
      assert.equal(json['created_by'], 'master');
    });

    test('gets an id where none is given, and no second one the same', async () => {
      const { json } = await must('POST /budget/new', { max_budget: 1 });
      assert.match(String(json['budget_id']), /^[0-9a-f-]{36}$/);
      await must('POST /budget/new', { budget_id: 'once' });
      const again = await admin.ask('POST /budget/new', { body: { budget_id: 'once' } });
      assert.deepEqual([again.status, errorOf(again)['param']], [400, 'budget_id']);
    });

    test('is changed field by field: null clears, what is not named stays', async () => {
      await must('POST /budget/new', { budget_id: 'changing', max_budget: 5, rpm_limit: 3, budget_duration: '7d' });
      const { json } = await must('POST /budget/update', { budget_id: 'changing', max_budget: '7.5', rpm_limit: null });
      assert.deepEqual([json['max_budget'], json['rpm_limit'], json['budget_duration']], [7.5, null, '7d']);
      const [row] = listed(await must('POST /budget/info', { budgets: ['changing', 'no-such'] }));
      assert.deepEqual(row, json);
    });

    test('is listed, page by page, and told field by field for a form', async () => {
      const page = await must('GET /budget/list?size=1&page=2');
      assert.equal(listed(page).length, 1);
      assert.ok(Number(page.headers['x-total-count']) >= 2);
      const settings = listed(await must('GET /budget/settings?budget_id=changing'));
      assert.equal(settings.length, 7);
      assert.equal(settings.find((field) => field['field_name'] === 'max_budget')?.['field_value'], 7.5);
    });

    const REFUSED: readonly (readonly [why: string, request: string, body: unknown, status: number, param: string])[] =
      [
        ['a negative amount', 'POST /budget/new', { max_budget: -1 }, 422, 'max_budget'],
        ['an unknown field', 'POST /budget/new', { max_bugdet: 1 }, 422, 'max_bugdet'],
        ['a temporary increase', 'POST /budget/new', { temp_budget_increase: 1 }, 422, 'temp_budget_increase'],
        ['a moment to begin anew', 'POST /budget/new', { budget_reset_at: '2027-01-01' }, 422, 'budget_reset_at'],
        ['no id', 'POST /budget/update', { max_budget: 1 }, 422, 'budget_id'],
        ['an id that is not there', 'POST /budget/update', { budget_id: 'no-such' }, 404, 'budget_id'],
        ['none to tell of', 'POST /budget/info', { budgets: [] }, 422, 'budgets'],
        ['settings of none', 'GET /budget/settings?budget_id=no-such', undefined, 404, 'budget_id'],
        ['one to delete that is not there', 'POST /budget/delete', { id: 'no-such' }, 404, 'id'],
      ];
    for (const [why, request, body, status, param] of REFUSED) {
      test(`is refused by the name of the field: ${why}`, async () => {
        const refused = await admin.ask(request, { body });
        assert.deepEqual([refused.status, errorOf(refused)['param']], [status, param], refused.text);
      });
    }
  });

  describe('who has a shared budget', () => {
    test('shows it beside its own limits, and begins anew with it', async () => {
      await must('POST /budget/new', { budget_id: 'plan', max_budget: 10, budget_duration: '24h' });
      const { json } = await must('POST /key/generate', { budget_id: 'plan', rpm_limit: 5 });
      assert.deepEqual([json['budget_id'], json['max_budget'], json['rpm_limit']], ['plan', null, 5]);
      const table = z.looseObject({}).parse(json['litellm_budget_table']);
      assert.deepEqual([table['budget_id'], table['max_budget']], ['plan', 10]);
      assert.equal(json['budget_reset_at'], table['budget_reset_at']);
      assert.equal(typeof json['budget_reset_at'], 'string');
    });

    test('keeps it from being taken away, and is named', async () => {
      await must('POST /budget/new', { budget_id: 'used', max_budget: 1 });
      const key = textOf(await must('POST /key/generate', { budget_id: 'used' }), 'token_id');
      await must('POST /team/new', { team_id: 'using', budget_id: 'used' });
      const refused = await admin.ask('POST /budget/delete', { body: { id: 'used' } });
      assert.equal(refused.status, 409);
      assert.match(refused.text, /1 of the keys, 1 of the teams/);
      await must('POST /key/delete', { keys: [key] });
      await must('POST /team/update', { team_id: 'using', budget_id: null });
      await must('POST /budget/delete', { id: 'used' });
      assert.deepEqual(listed(await must('POST /budget/info', { budgets: ['used'] })), []);
      const deleted = z
        .object({ keys: z.array(z.looseObject({ token_id: z.string() })) })
        .parse((await must('GET /key/list?status=deleted&return_full_object=true')).json);
      assert.ok(deleted.keys.some(({ token_id: id }) => id === key));
    });

    test('is told the amounts of its budget as they are now', async () => {
      await must('POST /budget/new', { budget_id: 'living', max_budget: 1 });
      for (const [request, body] of [
        ['POST /key/generate', { budget_id: 'living' }],
        ['POST /user/new', { user_id: 'living', budget_id: 'living', auto_create_key: false }],
        ['POST /customer/new', { user_id: 'living', budget_id: 'living' }],
      ] as const) {
        await must(request, body);
      }
      await must('POST /budget/update', { budget_id: 'living', max_budget: 2 });
      for (const target of ['/user/info?user_id=living', '/customer/info?end_user_id=living']) {
        assert.match(
          (await must(`GET ${target}`)).text,
          /"litellm_budget_table":\{"budget_id":"living",[^}]*"max_budget":2,/,
        );
      }
    });
  });
});
