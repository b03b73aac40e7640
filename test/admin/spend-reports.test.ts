import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { z } from 'zod';
import { onEachDatabase } from '../contracts/each-database.ts';
import { CLAUDE, NOVA, openSpent, PERIOD, type Spent } from './spent.ts';
import { errorOf } from './test-admin.ts';

onEachDatabase((database) => {
  let spent: Spent;
  before(async () => {
    spent = await openSpent(database);
  });

  describe('who has spent what', () => {
    test('keys, the dearest first, those that are gone too', async () => {
      const other = await openSpent(database);
      const { ann, lone, svc, bob } = other.ids;
      await other.admin.ask('POST /key/delete', { body: { keys: [lone] } });
      assert.partialDeepStrictEqual(await other.get('/spend/keys'), [
        { token: ann, key_alias: 'annie', user_id: 'ann', team_id: 't1', spend: 2.001000001, deleted: false },
        { token: lone, key_alias: null, user_id: null, team_id: null, spend: 7.7e-8, deleted: true },
        { token: '', key_name: null, spend: 0, api_requests: 1 },
        ...[
          { token: svc, spend: 0, unpriced_requests: 1, total_tokens: 1100 },
          { token: bob, spend: 0, api_requests: 1, unpriced_requests: 0 },
        ].toSorted((a, b) => (a.token < b.token ? -1 : 1)),
      ]);
    });

    test('users, with their names', async () => {
      assert.deepEqual(await spent.get('/spend/users?user_id=ann'), [
        {
          user_id: 'ann',
          user_alias: "ann's",
          user_email: null,
          spend: 2.001000001,
          total_tokens: 5430,
          api_requests: 2,
          unpriced_requests: 0,
        },
      ]);
      const { text, headers } = await spent.admin.ask('GET /spend/users?page_size=2');
      assert.equal(headers['x-total-count'], '3');
      assert.deepEqual(
        z
          .array(z.looseObject({ user_id: z.string() }))
          .parse(JSON.parse(text))
          .map((row) => row.user_id),
        ['ann', ''],
      );
    });

    test('tags, of a period', async () => {
      assert.deepEqual(await spent.get('/spend/tags'), [
        { individual_request_tag: 'dev', log_count: 2, total_spend: 2.001000001 },
        { individual_request_tag: 'prod', log_count: 1, total_spend: 0.001 },
      ]);
      assert.deepEqual(await spent.get('/spend/tags?tags=prod,other'), [
        { individual_request_tag: 'prod', log_count: 1, total_spend: 0.001 },
      ]);
      assert.deepEqual(await spent.get('/spend/tags?start_date=2026-11-19&end_date=2026-11-21'), []);
    });
  });

  describe('GET /global/spend/report', () => {
    const report = (query: string) => spent.get(`/global/spend/report?${PERIOD}&${query}`);

    test('by team and day', async () => {
      const { ann, svc } = spent.ids;
      const [, , today] = z.array(z.unknown()).parse(await report('group_by=team'));
      assert.deepEqual(today, {
        group_by_day: '2026-11-22T00:00:00+00:00',
        teams: [
          {
            team_id: 't1',
            team_name: 'Team One',
            total_spend: 2.001000001,
            metadata: [
              { model: NOVA, api_key: ann, spend: 0.001, total_tokens: 1100 },
              { model: CLAUDE, api_key: ann, spend: 2.000000001, total_tokens: 4330 },
            ],
          },
        ],
      });
      assert.partialDeepStrictEqual(await report(''), [
        { group_by_day: '2026-11-19T00:00:00+00:00', teams: [{ team_name: 'Unassigned Team', total_spend: 7.7e-8 }] },
        { teams: [{ team_name: 'Unassigned Team' }, { team_name: 'Team One', metadata: [{ api_key: svc }] }] },
        { teams: [{ team_name: 'Team One' }] },
      ]);
    });

    test('by customer, and by team and customer', async () => {
      assert.partialDeepStrictEqual(await report('group_by=customer&team_id=t1'), [
        { group_by_day: '2026-11-21T00:00:00+00:00', customers: [{ customer: '', total_spend: 0 }] },
        {
          customers: [
            { customer: 'Smith, J.', total_spend: 0.001 },
            { customer: 'c2', total_spend: 2.000000001 },
          ],
        },
      ]);
      assert.partialDeepStrictEqual(await report('team_id=t1&customer_id=c2'), [
        { teams_customers: [{ team_name: 'Team One', customer: 'c2', total_spend: 2.000000001 }] },
      ]);
      assert.deepEqual(await report('customer_id=%25'), []);
    });

    test('by key, of one key, of one user', async () => {
      const ofAnn = {
        api_key: spent.ids.ann,
        total_cost: 2.001000001,
        total_input_tokens: 5310,
        total_output_tokens: 120,
        model_details: [
          { model: NOVA, total_cost: 0.001, total_input_tokens: 1000, total_output_tokens: 100 },
          { model: CLAUDE, total_cost: 2.000000001, total_input_tokens: 4310, total_output_tokens: 20 },
        ],
      };
      const [dearest, ...others] = z.array(z.unknown()).parse(await report('group_by=api_key'));
      assert.deepEqual([dearest, others.length], [ofAnn, 4]);
      assert.deepEqual(await report(`api_key=${spent.ids.ann}`), [ofAnn]);
      assert.deepEqual(await report('internal_user_id=ann'), [ofAnn]);
    });
  });

  describe('daily activity', () => {
    const NONE = { spend: 0, prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };

    test('tells days, the newest first, with breakdowns that add up', async () => {
      const { ann } = spent.ids;
      const answer = await spent.get(`/user/daily/activity/aggregated?${PERIOD}`);
      const ofNova = { spend: 0.001, prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100, api_requests: 1 };
      const ofClaude = {
        spend: 2.000000001,
        prompt_tokens: 4310,
        completion_tokens: 20,
        cache_read_input_tokens: 300,
        cache_creation_input_tokens: 4000,
      };
      const today = {
        spend: 2.001000001,
        prompt_tokens: 5310,
        completion_tokens: 120,
        total_tokens: 5430,
        successful_requests: 2,
        failed_requests: 0,
        api_requests: 2,
        total_response_time_ms: 1000,
        timed_requests: 2,
      };
      const metadata = { key_alias: 'annie', team_id: 't1', user_id: 'ann', key_exists: true };
      assert.partialDeepStrictEqual(answer, {
        results: [
          {
            date: '2026-11-22',
            metrics: today,
            breakdown: {
              models: {
                [NOVA]: { metrics: ofNova, api_key_breakdown: { [ann]: { metrics: ofNova, metadata } } },
                [CLAUDE]: { metrics: ofClaude },
              },
              providers: { bedrock: { metrics: today } },
              api_keys: { [ann]: { metrics: today, metadata } },
              entities: { ann: { metrics: today, metadata: { user_alias: "ann's" } } },
            },
          },
          {
            date: '2026-11-21',
            metrics: {
              ...NONE,
              prompt_tokens: 1000,
              completion_tokens: 100,
              total_tokens: 1100,
              unpriced_requests: 1,
              failed_requests: 1,
              api_requests: 2,
            },
          },
          { date: '2026-11-19', metrics: { ...NONE, spend: 7.7e-8, estimated_spend: 7.7e-8, failed_requests: 1 } },
        ],
        metadata: {
          total_spend: 2.001000078,
          total_prompt_tokens: 6310,
          total_completion_tokens: 220,
          total_tokens: 6530,
          total_api_requests: 6,
          total_successful_requests: 4,
          total_failed_requests: 2,
          total_unpriced_requests: 1,
          page: 1,
          total_pages: 1,
          has_more: false,
        },
      });
    });

    test('pages of days add up to the whole', async () => {
      const page = z.looseObject({
        results: z.array(z.unknown()),
        metadata: z.looseObject({ total_api_requests: z.number(), total_pages: z.number(), has_more: z.boolean() }),
      });
      const ask = async (query: string) => page.parse(await spent.get(`/user/daily/activity${query}`));
      const whole = await ask(`/aggregated?${PERIOD}`);
      const pages = await Promise.all([1, 2, 3].map((number) => ask(`?${PERIOD}&page_size=2&page=${number}`)));
      assert.deepEqual(
        pages.flatMap(({ results }) => results),
        whole.results,
      );
      assert.deepEqual(
        pages.map(({ metadata }) => [metadata.total_api_requests, metadata.total_pages, metadata.has_more]),
        [
          [4, 2, true],
          [2, 2, false],
          [0, 2, false],
        ],
      );
    });

    test('of teams, a model, a key', async () => {
      const requests = async (target: string) => {
        const { metadata } = z
          .looseObject({ metadata: z.looseObject({ total_api_requests: z.number() }) })
          .parse(await spent.get(target));
        return metadata.total_api_requests;
      };
      assert.partialDeepStrictEqual(await spent.get(`/team/daily/activity?${PERIOD}&team_ids=t1,t9`), {
        results: [{ breakdown: { entities: { t1: { metadata: { team_alias: 'Team One' } } } } }, {}],
      });
      assert.equal(await requests(`/team/daily/activity?${PERIOD}&team_ids=t1`), 3);
      assert.equal(await requests(`/team/daily/activity?${PERIOD}&model=${CLAUDE}`), 2);
      assert.equal(await requests(`/user/daily/activity?${PERIOD}&api_key=${spent.ids.bob}`), 1);
      assert.equal(await requests(`/user/daily/activity?${PERIOD}&user_id=%27%20OR%201%3D1`), 0);
    });
  });

  const REFUSED = [
    ['/spend/keys?start_date=x', 'start_date'],
    ['/spend/keys?user_id=ann', 'user_id'],
    ['/spend/tags?end_date=2026-13-01', 'end_date'],
    ['/spend/users?start_date=2026-11-22&end_date=2026-11-21', 'end_date'],
    ['/global/spend/report', 'start_date'],
    ['/global/spend/report?start_date=2026-11-01', 'end_date'],
    [`/global/spend/report?${PERIOD}&group_by=model`, 'group_by'],
    ['/global/spend/report?start_date=2024-01-01&end_date=2026-11-01', 'end_date'],
    ['/user/daily/activity?start_date=2026-11-01', 'end_date'],
    ['/user/daily/activity?start_date=2026-11-02&end_date=2026-11-01', 'end_date'],
    ['/user/daily/activity?start_date=2026-11-01T00:00:00Z&end_date=2026-11-02', 'start_date'],
    [`/user/daily/activity?${PERIOD}&page_size=0`, 'page_size'],
    [`/user/daily/activity/aggregated?${PERIOD}&page=1`, 'page'],
    [`/team/daily/activity?${PERIOD}&exclude_team_ids=t1`, 'exclude_team_ids'],
  ] as const;
  for (const [target, param] of REFUSED) {
    test(`what is not right is refused by the name of the field: ${target}`, async () => {
      const answered = await spent.admin.ask(`GET ${target}`);
      assert.deepEqual([answered.status, errorOf(answered)['param']], [422, param], answered.text);
    });
  }
});
