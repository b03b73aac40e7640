import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LimitFieldError, limitsFromFields } from '../../../src/domain/limits/limit-fields.ts';
import { appliesTo, isRate, maxAt, modelNames } from '../../../src/domain/limits/limit.ts';
import { parseModelReference } from '../../../src/domain/policy/model-reference.ts';

const KEY = { kind: 'key', id: 'key_1' } as const;

/** What a row is about: everything but the scope. */
function short(fields: Parameters<typeof limitsFromFields>[1]): readonly unknown[] {
  return limitsFromFields(KEY, fields).map((limit) => [limit.id, limit.max, limit.hard, limit.reserve]);
}

describe("LiteLLM's fields become limits", () => {
  const rows = [
    ['rpm_limit', { rpm_limit: 100 }, [['key:key_1/requests/rolling:60s', 100, true, 'upperBound']]],
    ['tpm_limit', { tpm_limit: 5000 }, [['key:key_1/totalTokens/rolling:60s', 5000, true, 'usual']]],
    ['max_parallel_requests', { max_parallel_requests: 0 }, [['key:key_1/concurrency/none', 0, true, 'upperBound']]],
    ['max_budget', { max_budget: 0.1 }, [['key:key_1/spend/forever', 100_000_000, true, 'upperBound']]],
    [
      'budgets with a duration',
      { max_budget: 10, soft_budget: '7.5', budget_duration: '30d' },
      [
        ['key:key_1/spend/1mo', 10_000_000_000, true, 'upperBound'],
        ['key:key_1/spend/1mo/soft', 7_500_000_000, false, 'usual'],
      ],
    ],
    [
      'budget_limits',
      {
        budget_limits: [
          { budget_duration: '24h', max_budget: 1 },
          { budget_duration: '7d', max_budget: 5 },
        ],
      },
      [
        ['key:key_1/spend/1d', 1_000_000_000, true, 'upperBound'],
        ['key:key_1/spend/1w', 5_000_000_000, true, 'upperBound'],
      ],
    ],
    [
      'model_max_budget',
      { model_max_budget: { 'anthropic.*': { budget_limit: 2, time_period: '1d' }, 'amazon.nova-lite-v1:0': 3 } },
      [
        ['key:key_1/spend/1d/model:anthropic.*', 2_000_000_000, true, 'upperBound'],
        ['key:key_1/spend/forever/model:amazon.nova-lite-v1%3A0', 3_000_000_000, true, 'upperBound'],
      ],
    ],
    [
      'rates per model and tag',
      { model_rpm_limit: { a: 1 }, model_tpm_limit: { b: 2 }, tag_rpm_limit: { c: 3 } },
      [
        ['key:key_1/requests/rolling:60s/model:a', 1, true, 'upperBound'],
        ['key:key_1/totalTokens/rolling:60s/model:b', 2, true, 'usual'],
        ['key:key_1/requests/rolling:60s/tag:c', 3, true, 'upperBound'],
      ],
    ],
    ['nothing', { rpm_limit: null, max_budget: null, budget_limits: null, limits: [] }, []],
  ] as const;
  for (const [name, fields, expected] of rows) test(name, () => assert.deepEqual(short(fields), expected));
});

test('our own form says anything', () => {
  const limits = [
    { kind: 'outputTokens', max: 1000, window: '1h' },
    { kind: 'spend', max: '0.5', window: 'rolling:1d', model: 'meta.*', hard: false },
    { kind: 'concurrency', max: 4 },
  ];
  assert.deepEqual(short({ limits }), [
    ['key:key_1/outputTokens/1h', 1000, true, 'upperBound'],
    ['key:key_1/spend/rolling:86400s/model:meta.*/soft', 500_000_000, false, 'usual'],
    ['key:key_1/concurrency/none', 4, true, 'upperBound'],
  ]);
});

test('of two limits on one counter the smaller holds', () => {
  const fields = { max_budget: 10, budget_duration: '1mo', budget_limits: [{ budget_duration: '30d', max_budget: 4 }] };
  assert.deepEqual(short(fields), [['key:key_1/spend/1mo', 4_000_000_000, true, 'upperBound']]);
});

describe('a field that can not be a limit is named', () => {
  const rows = [
    ['rpm_limit', { rpm_limit: -1 }],
    ['rpm_limit', { rpm_limit: 1.5 }],
    ['rpm_limit', { rpm_limit: '100' }],
    ['tpm_limit', { tpm_limit: 2 ** 53 }],
    ['max_budget', { max_budget: -0.1 }],
    ['max_budget', { max_budget: 'NaN' }],
    ['max_budget', { max_budget: 1e9 }],
    ['budget_duration', { max_budget: 1, budget_duration: 'monthly' }],
    ['budget_limits', { budget_limits: {} }],
    ['budget_limits[0]', { budget_limits: [{ budget_duration: '1d' }] }],
    ['model_max_budget of m', { model_max_budget: { m: { budget_limit: 1, time_period: 'x' } } }],
    ['model_rpm_limit', { model_rpm_limit: [] }],
    ['tag_rpm_limit of t', { tag_rpm_limit: { t: null } }],
    ['temp_budget_expiry', { max_budget: 1, temp_budget_increase: 1 }],
    ['limits[0]', { limits: [{ kind: 'money', max: 1, window: '1d' }] }],
    ['limits[0]', { limits: [{ kind: 'spend', max: 1 }] }],
    ['max of limits[0]', { limits: [{ kind: 'requests', window: '1d' }] }],
    ['limits[0]', { limits: [{ kind: 'concurrency', max: 1, window: '1d' }] }],
    ['limits[0]', { limits: [{ kind: 'requests', max: 1, window: '1d', hard: 'no' }] }],
    ['limits[0]', { limits: [{ kind: 'requests', max: 1, window: '1d', modle: 'x' }] }],
    ['limits', { limits: Array.from({ length: 101 }, () => ({ kind: 'requests', max: 1, window: '1d' })) }],
  ] as const;
  for (const [field, fields] of rows) {
    test(`${field}: ${JSON.stringify(fields).slice(0, 80)}`, () => {
      assert.throws(
        () => limitsFromFields(KEY, fields),
        (error) => error instanceof LimitFieldError && error.field === field && error.message.startsWith(field),
      );
    });
  }
});

test('a temporary increase counts until it runs out', () => {
  const expiry = '2026-12-01T00:00:00Z';
  const [budget] = limitsFromFields(KEY, { max_budget: 1, temp_budget_increase: 0.5, temp_budget_expiry: expiry });
  assert.ok(budget !== undefined);
  assert.equal(maxAt(budget, Date.parse(expiry) - 1), 1_500_000_000);
  assert.equal(maxAt(budget, Date.parse(expiry)), 1_000_000_000);
});

test('no customer can be named like the counter of another', () => {
  const plain = limitsFromFields({ kind: 'customer', id: 'a' }, { model_max_budget: { 'm/spend/forever': 1 } });
  const crafted = limitsFromFields({ kind: 'customer', id: 'a/spend/forever/model:m' }, { max_budget: 1 });
  assert.notEqual(plain[0]?.id, crafted[0]?.id);
});

describe('a limit for a model or tag concerns calls of it', () => {
  const [limit] = limitsFromFields(KEY, { model_rpm_limit: { 'anthropic.claude-*': 1 } });
  const [tagged] = limitsFromFields(KEY, { tag_rpm_limit: { batch: 1 } });
  assert.ok(limit !== undefined && tagged !== undefined);
  const rows = [
    ['anthropic.claude-haiku-4-5-20251001-v1:0', true],
    ['us.anthropic.claude-haiku-4-5-20251001-v1:0', true],
    ['arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0', true],
    ['arn:aws:bedrock:us-east-1:123456789012:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0', true],
    ['amazon.nova-lite-v1:0', false],
  ] as const;
  for (const [text, applies] of rows) {
    test(text, () => {
      const models = modelNames(parseModelReference(text));
      assert.equal(appliesTo(limit, { models, tags: [] }), applies);
    });
  }
  test('tags', () => {
    assert.equal(appliesTo(tagged, { models: [], tags: ['a', 'batch'] }), true);
    assert.equal(appliesTo(tagged, { models: [], tags: ['a'] }), false);
  });
});

test('rates are what protects capacity: concurrency, and requests or tokens over an hour at most', () => {
  const limits = limitsFromFields(KEY, {
    max_parallel_requests: 1,
    rpm_limit: 1,
    max_budget: 1,
    limits: [
      { kind: 'totalTokens', max: 1, window: '1h' },
      { kind: 'totalTokens', max: 1, window: '1d' },
      { kind: 'spend', max: 1, window: '1m' },
    ],
  });
  assert.deepEqual(
    limits.map((limit) => [limit.kind, isRate(limit)]),
    [
      ['requests', true],
      ['concurrency', true],
      ['spend', false],
      ['totalTokens', true],
      ['totalTokens', false],
      ['spend', false],
    ],
  );
});
