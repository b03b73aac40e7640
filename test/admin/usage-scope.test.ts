import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { onEachDatabase } from '../contracts/each-database.ts';
import { openSpent, type Maker, PERIOD, type Spent } from './spent.ts';

type Asker = Maker | 'viewer' | 'outsider';

/** Whose calls one is shown: how many, or the status of the refusal. `$ann` and the like are public ids of keys. */
const ROWS: readonly (readonly [asker: Asker, query: string, expected: number])[] = [
  ['viewer', '', 6],
  ['viewer', 'team=t1', 3],
  ['viewer', 'team=nowhere', 0],
  ['ann', '', 2],
  ['ann', 'user=ann', 2],
  ['ann', 'user=ann&team=t1', 2],
  ['ann', 'user=bob', 404],
  ['ann', 'user=ann,bob', 404],
  ['ann', 'team=t1', 403],
  ['ann', 'team=t2', 404],
  ['ann', 'team=', 404],
  ['ann', 'key=$ann', 2],
  ['ann', 'key=annie', 2],
  ['ann', 'key=$bob', 404],
  ['bob', 'key=annie', 2],
  ['lone', 'key=annie', 404],
  ['ann', 'key=$svc', 404],
  ['ann', 'key=', 404],
  ['ann', 'user=ann&key=$bob', 0],
  ['ann', 'model=amazon.nova-lite-v1:0', 1],
  ['ann', 'tag=prod', 1],
  ['ann', 'customer=c2', 1],
  ['bob', '', 1],
  ['bob', 'team=t1', 3],
  ['bob', 'team=t1&user=ann', 2],
  ['bob', 'team=t1,t2', 404],
  ['bob', 'user=ann', 404],
  ['bob', 'key=$svc', 1],
  ['bob', 'key=$ann,$svc', 3],
  ['bob', 'key=$bob', 1],
  ['bob', 'key=$bob,$svc', 422],
  ['bob', 'key=$lone', 404],
  ['svc', '', 1],
  ['svc', 'key=$svc', 1],
  ['svc', 'team=t1', 403],
  ['svc', 'key=$ann', 404],
  ['lone', '', 1],
  ['lone', 'key=$lone', 1],
  ['lone', 'key=$lone&team=t1', 0],
  ['lone', 'user=', 404],
  ['lone', 'team=t1', 404],
  ['outsider', '', 0],
  ['outsider', 'team=t1', 404],
  ['outsider', 'key=$ann', 404],
];

onEachDatabase((database) => {
  let spent: Spent;
  before(async () => {
    spent = await openSpent(database);
  });

  const withIds = (query: string) => query.replaceAll(/\$(\w+)/g, (_, who: Maker) => spent.ids[who]);

  describe('everybody sees as much as they may, and is told when they ask for more', () => {
    for (const [asker, query, expected] of ROWS) {
      test(`${asker}${query === '' ? '' : ` asks for ${query}`}: ${expected}`, async () => {
        const target = `/usage?since=2026-11-19&until=2026-11-23&${withIds(query)}`;
        const { status, json, text } = await spent.admin.ask(`GET ${target}`, { key: spent.keys[asker] });
        const requests = /"total":\{"requests":(\d+)/.exec(text)?.[1];
        assert.equal(status === 200 ? Number(requests) : status, expected, text);
        if (status === 200) assert.ok('filter' in json);
      });
    }
  });

  /** The same questions in LiteLLM's words. */
  const LITELLM: readonly (readonly [asker: Asker, target: string, expected: number | RegExp])[] = [
    ['ann', '/spend/logs', /^(?=.*"user":"ann")(?!.*"user":"bob")(?!.*"user":"")/],
    ['ann', '/spend/logs?api_key=$bob', 404],
    ['ann', '/spend/logs?user_id=bob', 404],
    ['ann', `/spend/logs?${PERIOD}`, /"users":\{"ann":2\.001000001\}/],
    ['bob', '/spend/logs/v2?team_id=t1', /"total":3/],
    ['bob', '/spend/logs/v2', /"total":1/],
    ['lone', '/spend/logs/v2', /"total":1/],
    ['ann', '/spend/keys', /^\[\{"token":"[^"]+","key_name":"sk-[^"]+","key_alias":"annie"[^{]*\}\]$/],
    ['ann', '/spend/users', /^\[\{"user_id":"ann"[^{]*\}\]$/],
    ['ann', '/spend/users?user_id=bob', 404],
    ['bob', '/spend/tags', /^\[\]$/],
    ['ann', `/global/spend/report?${PERIOD}`, /"total_spend":2\.001000001,/],
    ['bob', `/global/spend/report?${PERIOD}&team_id=t1&group_by=customer`, /"customers":\[/],
    ['outsider', `/global/spend/report?${PERIOD}&team_id=t1`, 404],
    ['outsider', `/global/spend/report?${PERIOD}`, /^\[\]$/],
    ['ann', `/user/daily/activity?${PERIOD}`, /"total_api_requests":2,/],
    ['ann', `/user/daily/activity?${PERIOD}&user_id=bob`, 404],
    ['bob', `/team/daily/activity?${PERIOD}`, /"total_api_requests":3,/],
    ['ann', `/team/daily/activity?${PERIOD}`, /"total_api_requests":2,/],
    ['ann', `/team/daily/activity?${PERIOD}&team_ids=t1`, 403],
    ['viewer', `/team/daily/activity?${PERIOD}`, /"total_api_requests":6,/],
    ['viewer', `/user/daily/activity/aggregated?${PERIOD}&user_id=ann`, /"total_api_requests":2,/],
  ];
  describe('the same rules hold on LiteLLM’s routes', () => {
    for (const [asker, target, expected] of LITELLM) {
      test(`${asker}: ${target}`, async () => {
        const { status, text } = await spent.admin.ask(`GET ${withIds(target)}`, { key: spent.keys[asker] });
        if (typeof expected === 'number') assert.equal(status, expected, text);
        else assert.match(text, expected);
      });
    }

    test('a call of somebody else is not there by its id', async () => {
      const { unpriced, ofAnn } = spent.calls;
      const shown = async (who: Asker, id: string) =>
        (await spent.admin.ask(`GET /spend/logs?request_id=${id}`, { key: spent.keys[who] })).text.includes(id);
      assert.deepEqual(
        [
          await shown('ann', ofAnn.id),
          await shown('ann', unpriced.id),
          await shown('bob', unpriced.id),
          await shown('svc', unpriced.id),
          await shown('viewer', unpriced.id),
        ],
        [true, false, false, true, true],
      );
    });
  });

  test('a key may be named by itself, and stands in no log line', async () => {
    const { status, text } = await spent.admin.ask(`GET /spend/logs/v2?api_key=${spent.keys.ann}`);
    assert.equal(status, 200, text);
    assert.match(text, /"total":2/);
    assert.ok(!spent.admin.logged.join('\n').includes(spent.keys.ann));
  });
});
