import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { z } from 'zod';
import { onEachDatabase } from '../contracts/each-database.ts';
import { createLedgerStore } from '../../src/storage/ledger-store.ts';
import { callId, NOON_MS, sampleRecord } from '../ledger/sample-calls.ts';
import { CLAUDE, NOVA, openSpent, type Spent } from './spent.ts';
import { errorOf } from './test-admin.ts';

const PERIOD = 'since=2026-11-19&until=2026-11-23';

const report = z.looseObject({
  since: z.string(),
  until: z.string(),
  filter: z.record(z.string(), z.array(z.string())),
  rows: z.array(z.looseObject({ requests: z.number(), cost_usd: z.string() })),
  total: z.looseObject({ requests: z.number(), cost_usd: z.string() }),
  total_rows: z.number(),
  total_pages: z.number(),
});

onEachDatabase((database) => {
  let spent: Spent;
  before(async () => {
    spent = await openSpent(database);
  });

  const usage = async (query: string, key?: string) => report.parse(await spent.get(`/usage?${query}`, key));

  describe('GET /usage', () => {
    test('tells all amounts exactly, and what of them is unpriced, estimated and charged', async () => {
      const { total, rows, filter } = await usage(PERIOD);
      const amounts = {
        requests: 6,
        failed_requests: 2,
        refused_requests: 1,
        unpriced_requests: 1,
        input_tokens: 2010,
        output_tokens: 220,
        cache_read_tokens: 300,
        cache_write_tokens: 4000,
        cost_usd: '2.001000078',
        estimated_usd: '0.000000077',
        charged_usd: '2.006000078',
        duration_ms: 3000,
      };
      assert.deepEqual(total, amounts);
      assert.deepEqual(rows, [amounts]);
      assert.deepEqual(filter, {});
    });

    test('groups by anything, the dearest first, with names for keys and teams and null for none', async () => {
      const { rows, total_rows } = await usage(`${PERIOD}&group_by=team,key,model`);
      assert.equal(total_rows, 6);
      const { ann, svc, bob, lone } = spent.ids;
      assert.partialDeepStrictEqual(rows, [
        { team: 't1', team_alias: 'Team One', key: ann, key_alias: 'annie', model: CLAUDE, cost_usd: '2.000000001' },
        { team: 't1', team_alias: 'Team One', key: ann, key_alias: 'annie', model: NOVA, cost_usd: '0.001' },
        { team: null, team_alias: null, key: lone, key_alias: null, model: NOVA, estimated_usd: '0.000000077' },
        { team: null, team_alias: null, key: null, key_alias: null, model: null, cost_usd: '0' },
        { team: null, key: bob, model: CLAUDE, refused_requests: 1 },
        { team: 't1', key: svc, model: NOVA, unpriced_requests: 1, charged_usd: '0.005', cost_usd: '0' },
      ]);
    });

    const BUCKETS = [
      ['day', ['2026-11-19', '2026-11-21', '2026-11-22'], [2, 2, 2]],
      ['month', ['2026-11'], [6]],
      ['hour', ['2026-11-19T12:00Z', '2026-11-21T12:00Z', '2026-11-22T11:00Z', '2026-11-22T12:00Z'], [2, 2, 1, 1]],
    ] as const;
    for (const [bucket, starts, requests] of BUCKETS) {
      test(`tells every ${bucket} by its start, and the same total`, async () => {
        const { rows, total } = await usage(`${PERIOD}&bucket=${bucket}`);
        assert.deepEqual(
          rows.map((row) => [row['start'], row.requests]),
          starts.map((start, index) => [start, requests[index]]),
        );
        assert.deepEqual([total.requests, total.cost_usd], [6, '2.001000078']);
      });
    }

    test('counts whole days and says which, but hours as they are asked for', async () => {
      const days = await usage('since=2026-11-21T13:00:00Z&until=2026-11-21T14:00:00Z');
      assert.deepEqual(
        [days.since, days.until, days.total.requests],
        ['2026-11-21T00:00:00.000Z', '2026-11-22T00:00:00.000Z', 2],
      );
      const hours = await usage('since=2026-11-21T13:00:00Z&until=2026-11-22T11:00:00.001Z&bucket=hour');
      assert.deepEqual([hours.until, hours.total.requests], ['2026-11-22T11:00:00.001Z', 1]);
    });

    test('counts back from now when it is told a duration', async () => {
      const nowMs = spent.admin.parts.clock.nowMs();
      const recent = await usage('since=1s');
      assert.equal(recent.since, `${new Date(nowMs).toISOString().slice(0, 10)}T00:00:00.000Z`);
      assert.equal((await usage('since=3000d&until=2000d')).total.requests, 0);
    });

    test('filters by any of several values, by commas and by none', async () => {
      const requests = async (filter: string) => (await usage(`${PERIOD}&${filter}`)).total.requests;
      const list = (...values: string[]) => encodeURIComponent(values.join(','));
      assert.equal(await requests(`key=${list(spent.ids.ann, spent.ids.bob)}`), 3);
      assert.equal(await requests(`model=${list(CLAUDE)}&user=ann`), 1);
      assert.equal(await requests(`customer=${list('Smith\\, J.', 'c2')}`), 2);
      assert.equal(await requests(`customer=${list('Smith, J.')}`), 0);
      assert.equal(await requests('team='), 3);
      assert.equal(await requests('model=&user='), 1);
      assert.equal(await requests('operation=ListFoundationModels&service=bedrock&region=us-east-1'), 1);
    });

    test('counts a call for each of its tags, and once in the total', async () => {
      const { rows, total } = await usage(`${PERIOD}&group_by=tag`);
      assert.partialDeepStrictEqual(rows, [
        { tag: 'dev', requests: 2, cost_usd: '2.001000001' },
        { tag: 'prod', requests: 1, cost_usd: '0.001' },
      ]);
      assert.equal(total.requests, 6);
    });

    test('pages follow each other', async () => {
      const query = `${PERIOD}&group_by=key,model&order=cost&page_size=4`;
      const [first, second] = [await usage(`${query}&page=1`), await usage(`${query}&page=2`)];
      assert.deepEqual([first.rows.length, second.rows.length, first.total_rows, first.total_pages], [4, 2, 6, 2]);
      const whole = await usage(`${PERIOD}&group_by=key,model&order=cost`);
      assert.deepEqual([...first.rows, ...second.rows], whole.rows);
    });

    test('says in whose name nothing can be computed: hostile text finds nothing and breaks nothing', async () => {
      for (const text of ["' OR 1=1 --", '%', '_', '\\', '"', "'; DROP TABLE call; --", '$1', '?']) {
        const ofKey = await spent.admin.ask(`GET /usage?${PERIOD}&key=${encodeURIComponent(text)}`);
        assert.equal(ofKey.status, 404, ofKey.text);
        for (const field of ['team', 'user', 'customer', 'tag', 'model', 'region', 'service', 'operation']) {
          const found = await usage(`${PERIOD}&${field}=${encodeURIComponent(text)}`);
          assert.equal(found.total.requests, 0, `${field}=${text}`);
        }
      }
      assert.equal((await usage(PERIOD)).total.requests, 6);
    });
  });

  describe('GET /usage as CSV', () => {
    const head =
      'requests,failed_requests,refused_requests,unpriced_requests,input_tokens,output_tokens,cache_read_tokens,cache_write_tokens,cost_usd,estimated_usd,charged_usd,duration_ms';

    test('is a table for spreadsheets that computes nothing', async () => {
      const customerId = '=HYPERLINK("http://x")';
      const startedAtMs = NOON_MS - 40 * 86_400_000;
      const { attribution, ...facts } = sampleRecord(99, { startedAtMs, id: callId(99, startedAtMs) });
      const record = { ...facts, attribution: { ...attribution, customerId, teamId: null } };
      await createLedgerStore(spent.admin.storage).insertCalls([record]);
      const target = 'since=2026-10-13&until=2026-10-14&group_by=customer,team&bucket=day&format=csv';
      const answered = await spent.admin.ask(`GET /usage?${target}`);
      assert.equal(answered.status, 200);
      assert.match(answered.headers['content-type'] ?? '', /^text\/csv/);
      assert.equal(answered.headers['x-total-count'], '1');
      assert.equal(answered.headers['cache-control'], 'no-store');
      assert.equal(
        answered.text,
        `start,customer,team,team_alias,${head}\r\n` +
          `2026-10-13,"'=HYPERLINK(""http://x"")",,,1,0,0,0,1000,100,0,0,0.001000099,0,0.001000099,500\r\n`,
      );
    });

    const ACCEPTS = [
      ['text/csv', '', true],
      ['text/csv;q=0.9, application/json', '', true],
      ['application/json, text/csv', '', false],
      ['*/*', '', false],
      ['text/csv', '&format=json', false],
      ['application/json', '&format=csv', true],
    ] as const;
    for (const [accept, format, isCsv] of ACCEPTS) {
      test(`is ${isCsv ? '' : 'not '}what "Accept: ${accept}"${format} gets`, async () => {
        const { text } = await spent.admin.ask(`GET /usage?${PERIOD}${format}`, { headers: ['accept', accept] });
        assert.equal(text.startsWith(`${head}\r\n`), isCsv, text);
      });
    }
  });

  describe('a question that is not right is refused by the name of the field', () => {
    const long = Array.from({ length: 101 }, String).join(',');
    const REFUSED = [
      ['group_by=modell', 'group_by'],
      ['group_by=model,model', 'group_by'],
      ['group_by=model,', 'group_by'],
      ['bucket=week', 'bucket'],
      ['since=yesterday', 'since'],
      ['since=2026-02-30', 'since'],
      ['since=7', 'since'],
      ['since=2026-11-22&until=2026-11-21', 'until'],
      ['until=2026-11-22&since=2026-11-22', 'until'],
      ['since=9d&bucket=hour', 'since'],
      ['since=2999-01-01', 'since'],
      ['order=dearest', 'order'],
      ['format=xml', 'format'],
      ['page=0', 'page'],
      ['page_size=1001', 'page_size'],
      ['page=99999&page_size=1000', 'page'],
      ['team=a&team=b', 'team'],
      [`model=${long}`, 'model'],
      [`key=${long}`, 'key'],
      [`user=${'x'.repeat(2049)}`, 'user'],
      ['customer=a%00b', 'customer'],
      ['tag=%EF%BF%BD%01', 'tag'],
      ['tenant=a', 'tenant'],
    ] as const;
    for (const [query, param] of REFUSED) {
      test(query.slice(0, 60), async () => {
        const answered = await spent.admin.ask(`GET /usage?${query}`);
        assert.deepEqual([answered.status, errorOf(answered)['param']], [422, param], answered.text);
      });
    }

    test('a name that is no key’s', async () => {
      for (const [target, param] of [
        ['/usage?key=annie,nobodys', 'key'],
        ['/spend/logs?api_key=nobodys', 'api_key'],
      ] as const) {
        const answered = await spent.admin.ask(`GET ${target}`);
        assert.deepEqual([answered.status, errorOf(answered)['param']], [404, param], answered.text);
      }
    });

    test('a key that is nobody’s', async () => {
      const answered = await spent.admin.ask('GET /usage?key=sk-nobodys-key-0123456789');
      assert.deepEqual([answered.status, errorOf(answered)['param']], [404, 'key']);
      assert.doesNotMatch(answered.text + spent.admin.logged.join('\n'), /nobodys-key/);
    });
  });
});
