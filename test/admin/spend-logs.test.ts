import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { z } from 'zod';
import { createLedgerStore } from '../../src/storage/ledger-store.ts';
import { onEachDatabase } from '../contracts/each-database.ts';
import { callId, NOON_MS, sampleRecord } from '../ledger/sample-calls.ts';
import { CLAUDE, NOVA, openSpent, PERIOD, type Spent } from './spent.ts';
import { errorOf, openTestAdmin } from './test-admin.ts';

const log = z.looseObject({ request_id: z.string(), spend: z.number().nullable(), outcrop: z.looseObject({}) });
const logs = z.array(log);
const page = z.object({
  data: logs,
  total: z.number(),
  page: z.number(),
  page_size: z.number(),
  total_pages: z.number(),
  next_cursor: z.string().nullable(),
});

onEachDatabase((database) => {
  let spent: Spent;
  before(async () => {
    spent = await openSpent(database);
  });

  describe('GET /spend/logs', () => {
    test('with both dates: a day after the other, those without calls too', async () => {
      const { ann } = spent.ids;
      assert.deepEqual(await spent.get(`/spend/logs?${PERIOD}`), [
        { startTime: '2026-11-19', spend: 7.7e-8, users: {}, models: { [NOVA]: 7.7e-8 }, [spent.ids.lone]: 7.7e-8 },
        { startTime: '2026-11-20', spend: 0, users: {}, models: {} },
        {
          startTime: '2026-11-21',
          spend: 0,
          users: { bob: 0 },
          models: { [NOVA]: 0, [CLAUDE]: 0 },
          [spent.ids.svc]: 0,
          [spent.ids.bob]: 0,
        },
        {
          startTime: '2026-11-22',
          spend: 2.001000001,
          users: { ann: 2.001000001 },
          models: { [NOVA]: 0.001, [CLAUDE]: 2.000000001 },
          [ann]: 2.001000001,
        },
      ]);
    });

    test('summarizes the calls of one key or user', async () => {
      const spendOf = async (query: string) =>
        z
          .array(z.looseObject({ spend: z.number() }))
          .parse(await spent.get(`/spend/logs?${PERIOD}&${query}`))
          .map(({ spend }) => spend);
      assert.deepEqual(await spendOf(`api_key=${spent.ids.lone}`), [7.7e-8, 0, 0, 0]);
      assert.deepEqual(await spendOf('user_id=ann'), [0, 0, 0, 2.001000001]);
      assert.deepEqual(await spendOf('user_id=__proto__'), [0, 0, 0, 0]);
    });

    test('else the single calls, the newest first', async () => {
      const { ofAnn, ofAnnToo, unpriced, refused, estimated, ofMaster } = spent.calls;
      const idsOf = async (query: string) =>
        logs.parse(await spent.get(`/spend/logs?${query}`)).map(({ request_id }) => request_id);
      const all = [ofAnn, ofAnnToo, refused, unpriced, ofMaster, estimated].map(({ id }) => id);
      assert.deepEqual(await idsOf(''), all);
      assert.deepEqual(await idsOf(`${PERIOD}&summarize=false`), all);
      assert.deepEqual(await idsOf('start_date=2026-11-22'), [ofAnn.id, ofAnnToo.id]);
      assert.deepEqual(await idsOf('end_date=2026-11-19'), [ofMaster.id, estimated.id]);
      assert.deepEqual(
        await idsOf(
          'start_date=2026-11-22 11:00:00&end_date=2026-11-22T12:00:00Z'.replaceAll(' ', '%20') + '&summarize=false',
        ),
        [ofAnnToo.id],
      );
      assert.deepEqual(await idsOf(`request_id=${unpriced.id}`), [unpriced.id]);
      assert.deepEqual(await idsOf(`request_id=${unpriced.id}&user_id=ann`), []);
      assert.deepEqual(await idsOf('request_id=nothing'), []);
    });

    test('a call in LiteLLM’s words and in ours', async () => {
      const { ofAnnToo } = spent.calls;
      assert.partialDeepStrictEqual(await spent.get(`/spend/logs?request_id=${ofAnnToo.id}`), [
        {
          request_id: ofAnnToo.id,
          call_type: 'Converse',
          api_key: spent.ids.ann,
          spend: 2.000000001,
          prompt_tokens: 4310,
          completion_tokens: 20,
          total_tokens: 4330,
          startTime: '2026-11-22T11:00:00.000Z',
          endTime: '2026-11-22T11:00:00.500Z',
          completionStartTime: '2026-11-22T11:00:00.100Z',
          request_duration_ms: 500,
          model: CLAUDE,
          custom_llm_provider: 'bedrock',
          user: 'ann',
          team_id: 't1',
          end_user: 'c2',
          session_id: 's1',
          request_tags: ['dev'],
          requester_ip_address: '127.0.0.1',
          status: 'success',
          metadata: {
            user_api_key_alias: 'annie',
            additional_usage_values: { cache_read_input_tokens: 300, cache_creation_input_tokens: 4000 },
          },
          outcrop: {
            region: 'us-east-1',
            outcome: 'completed',
            status_code: 200,
            cost_usd: '2.000000001',
            cost_missing: null,
            price_version: 'v1',
            reserved_usd: '0.002',
            usage: [
              { unit: 'inputTokens', quantity: 10 },
              { unit: 'outputTokens', quantity: 20 },
              { unit: 'cacheReadTokens', quantity: 300 },
              { unit: 'cacheWrite1hTokens', quantity: 4000 },
            ],
          },
        },
      ]);
    });

    test('an unknown cost is null and never nothing, a reserved one says so', async () => {
      const of = async (id: string) => logs.parse(await spent.get(`/spend/logs?request_id=${id}`))[0];
      assert.partialDeepStrictEqual(await of(spent.calls.unpriced.id), {
        spend: null,
        outcrop: { cost_usd: null, cost_missing: 'the price of things', estimated: false },
      });
      assert.partialDeepStrictEqual(await of(spent.calls.estimated.id), {
        spend: 7.7e-8,
        prompt_tokens: null,
        total_tokens: null,
        status: 'failure',
        outcrop: { estimated: true, usage_source: 'unknown', usage_complete: false },
      });
    });
  });

  describe('GET /spend/logs/v2', () => {
    const pageOf = async (query: string) => page.parse(await spent.get(`/spend/logs/v2?${query}`));
    const countOf = async (query: string) => (await pageOf(query)).total;

    test('pages follow each other, by their number and by cursor', async () => {
      const whole = await pageOf('');
      assert.deepEqual(
        [whole.total, whole.page, whole.page_size, whole.total_pages, whole.next_cursor],
        [6, 1, 50, 1, null],
      );
      const numbered = await Promise.all([1, 2].map((number) => pageOf(`page_size=4&page=${number}`)));
      assert.deepEqual(
        numbered.flatMap(({ data }) => data),
        whole.data,
      );
      assert.deepEqual(
        numbered.map(({ total_pages }) => total_pages),
        [2, 2],
      );
      const [first] = numbered;
      const second = await pageOf(`page_size=4&cursor=${first?.next_cursor}`);
      assert.deepEqual([second.data, second.next_cursor], [numbered[1]?.data, null]);
    });

    const FILTERS = [
      ['status_filter=failure', 2],
      ['status_filter=success', 4],
      ['team_id=t1', 3],
      ['user_id=bob', 1],
      [`model=${CLAUDE}`, 2],
      ['end_user=c2', 1],
      ['end_user=Smith, J.', 1],
      ['session_id=s1', 1],
      ['tag=dev', 2],
      ['start_date=2026-11-21&end_date=2026-11-21', 2],
      ['start_date=2026-11-22&status_filter=failure', 0],
      ["end_user=' OR 1=1 --", 0],
      ['tag=%25', 0],
      ['model=_', 0],
      ['session_id="', 0],
      ['user_id=\\', 0],
    ] as const;
    for (const [query, expected] of FILTERS) {
      test(`takes ${query}`, async () => {
        assert.equal(await countOf(query.replaceAll(' ', '%20').replaceAll('"', '%22')), expected);
      });
    }

    test('takes them with the id of a call too', async () => {
      const id = spent.calls.ofAnnToo.id;
      for (const query of ['team_id=t1', 'tag=dev', 'session_id=s1', 'status_filter=success', `model=${CLAUDE}`]) {
        assert.equal(await countOf(`request_id=${id}&${query}`), 1, query);
      }
      for (const query of ['team_id=t2', 'tag=prod', 'session_id=s', 'status_filter=failure', 'end_date=2026-11-21']) {
        assert.equal(await countOf(`request_id=${id}&${query}`), 0, query);
      }
    });

    const REFUSED = [
      ['/spend/logs?start_date=22.11.2026', 'start_date'],
      ['/spend/logs?start_date=2026-11-22&end_date=2026-11-20', 'end_date'],
      ['/spend/logs?start_date=2020-01-01&end_date=2026-01-01', 'end_date'],
      ['/spend/logs?start_date=2030-01-01', 'start_date'],
      ['/spend/logs?summarize=maybe', 'summarize'],
      ['/spend/logs?user_id=', 'user_id'],
      ['/spend/logs?api_key=a%00', 'api_key'],
      ['/spend/logs?page=1', 'page'],
      ['/spend/logs/v2?page_size=101', 'page_size'],
      ['/spend/logs/v2?page=300&page_size=100', 'page'],
      ['/spend/logs/v2?cursor=1', 'cursor'],
      ['/spend/logs/v2?status_filter=both', 'status_filter'],
      ['/spend/logs/v2?sort_by=spend', 'sort_by'],
      ['/spend/logs/v2?min_spend=1', 'min_spend'],
    ] as const;
    for (const [target, param] of REFUSED) {
      test(`what is not right is refused by the name of the field: ${target}`, async () => {
        const answered = await spent.admin.ask(`GET ${target}`);
        assert.deepEqual([answered.status, errorOf(answered)['param']], [422, param], answered.text);
      });
    }
  });

  test('of very many calls the newest thousand are shown without pages, and all of them with a cursor', async () => {
    const admin = await openTestAdmin({ database });
    const store = createLedgerStore(admin.storage);
    const records = Array.from({ length: 1100 }, (_, index) =>
      sampleRecord(index, { id: callId(index), startedAtMs: NOON_MS + Math.floor(index / 3) }),
    );
    for (let from = 0; from < records.length; from += store.batchCallsMax) {
      await store.insertCalls(records.slice(from, from + store.batchCallsMax));
    }
    const newest = await admin.ask('GET /spend/logs');
    assert.equal(newest.headers['x-total-count'], '1100');
    assert.equal(logs.parse(JSON.parse(newest.text)).length, 1000);
    const seen = new Set<string>();
    for (let query: string | null = ''; query !== null;) {
      const { data, next_cursor } = page.parse((await admin.ask(`GET /spend/logs/v2?page_size=100${query}`)).json);
      for (const { request_id } of data) seen.add(request_id);
      query = next_cursor === null ? null : `&cursor=${next_cursor}`;
    }
    assert.equal(seen.size, 1100);
  });
});
