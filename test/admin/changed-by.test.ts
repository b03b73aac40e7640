import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { z } from 'zod';
import { onEachDatabase } from '../contracts/each-database.ts';
import { type Answered, errorOf, openTestAdmin, type TestAdmin, textOf } from './test-admin.ts';

const NAME = 'litellm-changed-by';

onEachDatabase((database) => {
  let admin: TestAdmin;
  let changed: string;

  before(async () => {
    admin = await openTestAdmin({ database });
    changed = textOf(await must('POST /key/generate', {}), 'token_id');
  });

  async function must(request: string, body?: unknown, key?: string): Promise<Answered> {
    const answered = await admin.ask(request, { body, ...(key === undefined ? {} : { key }) });
    assert.equal(answered.status, 200, answered.text);
    return answered;
  }

  const changing = (headers: readonly string[]) =>
    admin.ask('POST /key/update', { body: { key: changed, tags: ['x'] }, headers });

  /** The newest entry of the audit that passes a filter. */
  async function newest(
    query = '',
  ): Promise<{ readonly by: unknown; readonly key: unknown; readonly object: unknown }> {
    const { json } = await must(`GET /audit?page_size=1${query}`);
    const [entry] = z.array(z.looseObject({})).parse(json['audit_logs']);
    return { by: entry?.['changed_by'], key: entry?.['changed_by_api_key'], object: entry?.['object_id'] };
  }

  describe('litellm-changed-by says in whose name a change is made', () => {
    test('the audit keeps it beside who really made the change', async () => {
      assert.equal((await changing([NAME, 'zoe@example.com'])).status, 200);
      assert.deepEqual(await newest('&changed_by=zoe%40example.com'), {
        by: 'zoe@example.com',
        key: 'master',
        object: changed,
      });
    });

    test('nobody passes for somebody else by it: the key that was used stands beside the name', async () => {
      const made = await must('POST /user/new', { user_id: 'forger', user_role: 'internal_user' });
      const [key, id] = [textOf(made, 'key'), textOf(made, 'token_id')];
      const forged = await admin.ask('POST /key/generate', { key, body: {}, headers: [NAME, 'master'] });
      assert.equal(forged.status, 200, forged.text);
      const { by, key: used } = await newest(`&changed_by_api_key=${id}`);
      assert.deepEqual([by, used], ['master', id]);
    });

    for (const [why, headers] of [
      ['two of them', [NAME, 'zoe', NAME, 'eve']],
      ['one too long', [NAME, 'x'.repeat(257)]],
      ['control characters', [NAME, 'a\tb']],
    ] as const) {
      test(`${why}: refused, and nothing changes`, async () => {
        const before = (await must('GET /audit')).json['total'];
        const refused = await changing(headers);
        assert.deepEqual([refused.status, errorOf(refused)['param']], [422, NAME]);
        assert.equal((await must('GET /audit')).json['total'], before);
      });
    }

    test('an empty one says nothing, and neither does none', async () => {
      for (const headers of [[NAME, ' '], []]) {
        assert.equal((await changing(headers)).status, 200);
        assert.equal((await newest()).by, 'master');
      }
    });

    test('what only reads takes no offence at it', async () => {
      const asked = { headers: [NAME, 'x'.repeat(300)] };
      assert.equal((await admin.ask('GET /key/list', asked)).status, 200);
    });
  });
});
