import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Charge } from '../../src/domain/limits/charges.ts';
import { type Limit, makeLimit } from '../../src/domain/limits/limit.ts';
import { RemainingBudgets } from '../../src/sinks/prometheus-budgets.ts';
import { MASTER_KEY, startTestGateway } from '../support/test-gateway.ts';
import { CONVERSE, issueKey, managed, send, statusWith } from '../support/virtual-keys.ts';
import { lint } from './prometheus-lint.ts';

const USD = 1_000_000_000;
const KEY = { kind: 'key', id: 'key_1' } as const;
const TEAM = { kind: 'team', id: 'team_1' } as const;
const FOREVER = { kind: 'forever' } as const;
const DAY_MS = 86_400_000;

function budget(words: Partial<Parameters<typeof makeLimit>[0]> = {}): Limit {
  return makeLimit({ kind: 'spend', max: 10 * USD, window: FOREVER, scope: KEY, ...words });
}

/** What is told after one call that held a dollar of each limit and cost 25 cents. */
function toldAfter(limits: readonly (readonly [Limit, remainingUsd: number])[], spentNanos: number | null = USD / 4) {
  const budgets = new RemainingBudgets(10);
  const charges: Charge[] = limits.map(([limit]) => ({ limit, max: limit.max, amount: USD }));
  const remaining = limits.map(([, usd]) => usd * USD);
  budgets.note({ charges, remaining, spentNanos, key: 'my-app', team: 'team_1' }, 0);
  return { keys: budgets.keys(0), teams: budgets.teams(0) };
}

describe('remaining budgets', () => {
  test('are what admission left, with what the call did not spend of what it held', () => {
    const told = toldAfter([
      [budget(), 5],
      [budget({ scope: TEAM }), 50],
    ]);
    assert.deepEqual(told, { keys: [{ of: 'my-app', usd: 5.75 }], teams: [{ of: 'team_1', usd: 50.75 }] });
  });

  test('stay as they were held where the cost of a call is not known', () => {
    assert.deepEqual(toldAfter([[budget(), 5]], null).keys, [{ of: 'my-app', usd: 5 }]);
  });

  test('are those of the budget with the least left', () => {
    const window = { kind: 'calendar', unit: 'day', count: 1 } as const;
    assert.deepEqual(
      toldAfter([
        [budget(), 5],
        [budget({ window }), 2],
        [budget(), 7],
      ]).keys,
      [{ of: 'my-app', usd: 2.75 }],
    );
  });

  test('are of budgets alone that hold everything of a key or team back', () => {
    const others: readonly Limit[] = [
      budget({ kind: 'requests' }),
      budget({ hard: false }),
      budget({ model: 'anthropic.*' }),
      budget({ tag: 'batch' }),
      budget({ scope: { kind: 'user', id: 'alice' } }),
    ];
    assert.deepEqual(toldAfter(others.map((limit) => [limit, 5])), { keys: [], teams: [] });
  });

  test('are whole again when their window is over', () => {
    const budgets = new RemainingBudgets(10);
    const limit = budget({ window: { kind: 'calendar', unit: 'day', count: 1 } });
    const charges = [{ limit, max: limit.max, amount: 0 }];
    budgets.note({ charges, remaining: [USD], spentNanos: 0, key: 'k', team: null }, DAY_MS - 1);
    assert.deepEqual(budgets.keys(DAY_MS - 1), [{ of: 'k', usd: 1 }]);
    assert.deepEqual(budgets.keys(DAY_MS), [{ of: 'k', usd: 10 }]);
  });

  test('have a bound: who has not called for longest is left out, and counted', () => {
    const budgets = new RemainingBudgets(3);
    const limit = budget();
    for (const key of ['a', 'b', 'c', 'a', 'd', 'e']) {
      budgets.note({ charges: [{ limit, max: 1, amount: 0 }], remaining: [0], spentNanos: 0, key, team: null }, 0);
    }
    assert.deepEqual(
      budgets.keys(0).map(({ of }) => of),
      ['a', 'd', 'e'],
    );
    assert.equal(budgets.leftOut, 2);
  });
});

async function scraped(origin: string): Promise<ReturnType<typeof lint>> {
  const answer = await fetch(`${origin}/metrics`, { headers: { authorization: `Bearer ${MASTER_KEY}` } });
  return lint(await answer.text());
}

describe('the metrics of a gateway', () => {
  const cases = [
    ['outcrop', 'outcrop_remaining_key_budget_usd', 'key', 'outcrop_remaining_team_budget_usd'],
    ['litellm', 'litellm_remaining_api_key_budget_metric', 'api_key_alias', 'litellm_remaining_team_budget_metric'],
  ] as const;
  for (const [names, ofKeys, label, ofTeams] of cases) {
    test(`tell what keys and teams may still spend, by the names of ${names}`, async () => {
      const gateway = await startTestGateway({ env: { OUTCROP_METRICS: names } });
      try {
        await managed(gateway.origin, 'POST /team/new', { team_id: 'team_1', max_budget: 100 });
        const facts = { key_alias: 'my-app', team_id: 'team_1', max_budget: 10 };
        const { bearer } = await issueKey(gateway.origin, facts);
        let spentUsd = 0;
        for (let call = 0; call < 2; call += 1) {
          const answer = await send(gateway.origin, CONVERSE, { authorization: `Bearer ${bearer}` });
          await answer.arrayBuffer();
          spentUsd += Number(answer.headers.get('x-outcrop-cost-usd'));
        }
        assert.ok(spentUsd > 0);
        const families = await scraped(gateway.origin);
        const [key] = families.get(ofKeys)?.samples ?? [];
        const [team] = families.get(ofTeams)?.samples ?? [];
        assert.deepEqual([key?.labels, team?.labels], [{ [label]: 'my-app' }, { team: 'team_1' }]);
        assert.ok(Math.abs((key?.value ?? 0) - (10 - spentUsd)) < 1e-9);
        assert.ok(Math.abs((team?.value ?? 0) - (100 - spentUsd)) < 1e-9);
      } finally {
        await gateway.close();
      }
    });
  }
});

describe('the pages for operators', () => {
  test('count a wrong key with those that are guessed elsewhere', async () => {
    const env = { OUTCROP_METRICS: 'outcrop', OUTCROP_FAILED_LOGINS_PER_MINUTE_MAX: '3' };
    const gateway = await startTestGateway({ env });
    const asked = async (path: string, headers: Record<string, string>): Promise<number> => {
      const answer = await fetch(gateway.origin + path, { headers });
      await answer.arrayBuffer();
      return answer.status;
    };
    const wrong = { authorization: 'Bearer sk-wrong' };
    try {
      // Who brings nothing guesses nothing.
      for (let time = 0; time < 5; time += 1) assert.equal(await asked('/metrics', {}), 401);
      assert.equal(await asked('/metrics', wrong), 401);
      assert.equal(await asked('/health/sinks', { authorization: 'Basic abc' }), 401);
      assert.equal(await statusWith(gateway.origin, 'sk-wrong'), 401);
      assert.equal(await asked('/metrics', wrong), 429);
      assert.equal(await asked('/health/sinks', wrong), 429);
      assert.equal(await statusWith(gateway.origin, 'sk-wrong'), 429);
      assert.equal(await asked('/metrics', { authorization: `Bearer ${MASTER_KEY}` }), 200);
      const told = gateway.logged.filter(({ message }) => message === 'too many wrong credentials from an address');
      assert.equal(told.length, 1);
    } finally {
      await gateway.close();
    }
  });
});
