import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Charge } from '../../../src/domain/limits/charges.ts';
import { limitsFromFields } from '../../../src/domain/limits/limit-fields.ts';
import {
  exceeded,
  limitsUnavailable,
  overOutputCap,
  spendArithmetic,
  unbounded,
} from '../../../src/domain/limits/limit-refusal.ts';
import { rateHeaders } from '../../../src/domain/limits/rate-headers.ts';
import { thresholdOf } from '../../../src/domain/limits/thresholds.ts';

const NOW = Date.parse('2026-11-18T13:47:21Z');

function charge(fields: Parameters<typeof limitsFromFields>[1], amount: number): Charge {
  const [limit] = limitsFromFields({ kind: 'key', id: 'k1' }, fields);
  assert.ok(limit !== undefined);
  return { limit, max: limit.max, amount };
}

/** $3 and $15 for a million tokens. */
const price = ({ inputTokens, outputTokens }: { inputTokens: number; outputTokens: number }): bigint =>
  BigInt(inputTokens * 3000 + outputTokens * 15_000);

test('an exhausted budget says its arithmetic, and no client repeats it', () => {
  const bounds = { inputTokens: 85_000, output: { tokens: 32_000, from: 'request' } } as const;
  const refusal = exceeded(
    { charge: charge({ max_budget: 10, budget_duration: '1d' }, 735_000_000), used: 9e9, retryAfterMs: 36_759_000 },
    spendArithmetic(bounds, price),
    NOW,
  );
  assert.equal(refusal.kind, 'budgetExceeded');
  assert.equal(
    refusal.message,
    'Budget has been exceeded! key k1 has $1.00 left of $10.00 per day ($9.00 is spent or held by running requests). ' +
      'This request could cost up to $0.73: 85,000 input tokens × $3.00 + max_tokens 32,000 × $15.00 per million tokens. ' +
      'It begins anew at 2026-11-19T00:00:00Z.',
  );
  assert.deepEqual(refusal.headers, ['retry-after', '36759']);
});

test('the arithmetic says where the output bound comes from', () => {
  assert.match(
    spendArithmetic({ inputTokens: 10, output: { tokens: 20, from: 'model' } }, price) ?? '',
    /20 output tokens \(the most the model gives; set max_tokens to lower it\) × \$15\.00/,
  );
  assert.equal(spendArithmetic({ inputTokens: null, output: null }, price), null);
  assert.equal(
    spendArithmetic({ inputTokens: 1, output: { tokens: 1, from: 'model' } }, () => null),
    null,
  );
});

test('a rate says when to try again, in words and headers', () => {
  const refusal = exceeded({ charge: charge({ rpm_limit: 100 }, 1), used: 100, retryAfterMs: 11_200 }, null, NOW);
  assert.equal(refusal.kind, 'rateLimited');
  assert.equal(
    refusal.message,
    'Rate limit exceeded for key k1: 100 of 100 requests in any 60 seconds are in use. Try again in 12 s.',
  );
  assert.deepEqual(refusal.headers, [
    'retry-after',
    '12',
    'rate_limit_type',
    'requests',
    'reset_at',
    '2026-11-18 13:47:33 UTC',
    'x-ratelimit-limit-requests',
    '100',
    'x-ratelimit-remaining-requests',
    '0',
    'x-ratelimit-reset-requests',
    '1m0s',
  ]);
});

describe('refusals by kind of limit', () => {
  const rows = [
    [
      'concurrency',
      charge({ max_parallel_requests: 8 }, 1),
      8,
      1000,
      'rateLimited',
      /8 of 8 requests at the same time are in use\. Try again in 1 s\./,
    ],
    [
      'tokens',
      charge({ tpm_limit: 1000 }, 300),
      900,
      500,
      'rateLimited',
      /900 of 1,000 tokens in any 60 seconds are in use and this request may need 300\./,
    ],
    [
      'a call larger than the limit, which waiting does not help',
      charge({ tpm_limit: 1000 }, 1001),
      0,
      null,
      'budgetExceeded',
      /may need 1,001, the limit is 1,000 tokens in any 60 seconds\. That is more than all of it: waiting does not help\.$/,
    ],
    [
      'a call that costs more than all of a daily budget',
      charge({ max_budget: 1, budget_duration: '1d' }, 2e9),
      0,
      null,
      'budgetExceeded',
      /\. It begins anew at 2026-11-19T00:00:00Z, but this request is more than all of it\.$/,
    ],
    [
      'no calls at once at all',
      charge({ max_parallel_requests: 0 }, 1),
      0,
      1000,
      'budgetExceeded',
      /the limit is 0 requests at the same time\. That is more than all of it: waiting does not help\.$/,
    ],
    [
      'a daily quota, which nobody should wait for',
      charge({ limits: [{ kind: 'requests', max: 5, window: '1d' }] }, 1),
      5,
      36_759_002,
      'budgetExceeded',
      /^Budget exceeded for key k1: 5 of 5 requests per day are in use\. It begins anew at 2026-11-19T00:00:00Z\.$/,
    ],
    [
      'a budget for ever, of a model',
      charge({ model_max_budget: { 'meta.*': 1 } }, 5e8),
      9e8,
      null,
      'budgetExceeded',
      /key k1 for model meta\.\* has \$0\.10 left of \$1\.00 in all .* could cost up to \$0\.50\.$/,
    ],
  ] as const;
  for (const [name, charged, used, retryAfterMs, kind, message] of rows) {
    test(name, () => {
      const refusal = exceeded({ charge: charged, used, retryAfterMs }, null, NOW);
      assert.equal(refusal.kind, kind);
      assert.match(refusal.message, message);
      const isWorthIt = charged.amount <= charged.max && retryAfterMs !== null;
      assert.equal(refusal.headers.includes('retry-after'), isWorthIt);
    });
  }

  test('LiteLLM has a word for what a rate counts', () => {
    const typeOf = (charged: Charge): string | undefined =>
      exceeded({ charge: charged, used: charged.max, retryAfterMs: 1000 }, null, NOW).headers[3];
    assert.equal(typeOf(charge({ max_parallel_requests: 8 }, 1)), 'max_parallel_requests');
    assert.equal(typeOf(charge({ tpm_limit: 1000 }, 300)), 'tokens');
  });

  test('no bound, over the cap, counters out of reach', () => {
    const { limit } = charge({ max_budget: 1 }, 0);
    assert.match(
      unbounded(limit, 'm').message,
      /^key k1 has a hard limit, and nothing tells what cost a call of m .* unboundedCalls\.$/,
    );
    assert.equal(unbounded(limit, null).row.status, 403);
    assert.match(overOutputCap(32_000, 4096).message, /asks for 32,000 output tokens, and its key may get 4,096/);
    assert.match(overOutputCap(null, 4096).message, /sets no maximum/);
    const unavailable = limitsUnavailable(charge({ max_budget: 1 }, 0), 300);
    assert.deepEqual([unavailable.row.status, unavailable.headers], [503, ['retry-after', '1']]);
  });
});

test('the headers of an answer are of the rate limit that will refuse first', () => {
  const remainders = [
    { charge: charge({ rpm_limit: 100 }, 1), remaining: 50 },
    { charge: charge({ model_rpm_limit: { m: 10 } }, 1), remaining: 2 },
    { charge: charge({ tpm_limit: 1000 }, 1), remaining: -5 },
    { charge: charge({ max_budget: 1 }, 1), remaining: 1 },
    { charge: charge({ max_parallel_requests: 1 }, 1), remaining: 0 },
  ];
  assert.deepEqual(rateHeaders(remainders, NOW), [
    'x-ratelimit-limit-requests',
    '10',
    'x-ratelimit-remaining-requests',
    '2',
    'x-ratelimit-reset-requests',
    '1m0s',
    'x-ratelimit-limit-tokens',
    '1000',
    'x-ratelimit-remaining-tokens',
    '0',
    'x-ratelimit-reset-tokens',
    '1m0s',
  ]);
  assert.deepEqual(rateHeaders([], NOW), []);
});

test('thresholds are 50, 80, 95 and 100 percent', () => {
  const reached = [0, 49, 50, 79, 80, 94, 95, 99, 100, 250].map((used) => thresholdOf(used, 100));
  assert.deepEqual(reached, [null, null, 50, 50, 80, 80, 95, 95, 100, 100]);
  assert.equal(thresholdOf(0, 0), null);
});
