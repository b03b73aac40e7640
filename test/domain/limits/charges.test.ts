import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inputTokensBound, outputTokensBound } from '../../../src/domain/limits/call-bounds.ts';
import {
  type CallToCharge,
  chargesFor,
  givenBack,
  nanosToCount,
  NOTHING_USED,
  settledAmounts,
  useOf,
} from '../../../src/domain/limits/charges.ts';
import { limitsFromFields } from '../../../src/domain/limits/limit-fields.ts';
import { guessTokens, UsualUse } from '../../../src/domain/limits/usual-use.ts';
import { UNKNOWN_USAGE, type Usage } from '../../../src/domain/usage/usage.ts';

const MODEL = { contextTokens: 200_000, outputTokensMax: 64_000 };
const LIMITS = limitsFromFields(
  { kind: 'key', id: 'k' },
  {
    rpm_limit: 10,
    tpm_limit: 1000,
    max_parallel_requests: 2,
    max_budget: 1,
    soft_budget: 0.5,
    limits: [{ kind: 'totalTokens', max: 9, window: '1d' }],
    model_rpm_limit: { other: 1 },
  },
);
const CALL: CallToCharge = {
  models: ['m'],
  tags: [],
  bounds: { inputTokens: 300, outputTokens: 200, spendNanos: 7000 },
  usual: { inputTokens: 30, outputTokens: 20, spendNanos: 700 },
};
const REFUSE = { kind: 'refuse' } as const;

function amounts(call: CallToCharge, unbounded: Parameters<typeof chargesFor>[2] = REFUSE): unknown {
  const result = chargesFor(LIMITS, call, unbounded, 0);
  if (result.kind === 'unbounded') return result.limit.id;
  return result.charges.map(({ limit, amount }) => [limit.kind, amount]);
}

describe('a call takes of each limit that concerns it', () => {
  test('of hard ones its upper bound, of soft ones and of LiteLLM’s tokens per minute what is usual', () => {
    assert.deepEqual(amounts(CALL), [
      ['requests', 1],
      ['totalTokens', 50],
      ['concurrency', 1],
      ['spend', 7000],
      ['spend', 700],
      ['totalTokens', 500],
    ]);
  });

  test('what is usual never more than the bound', () => {
    const usual = { inputTokens: 9999, outputTokens: 9999, spendNanos: 9999 };
    assert.deepEqual(amounts({ ...CALL, usual }), [
      ['requests', 1],
      ['totalTokens', 500],
      ['concurrency', 1],
      ['spend', 7000],
      ['spend', 7000],
      ['totalTokens', 500],
    ]);
  });

  const noPrice = { ...CALL, bounds: { ...CALL.bounds, spendNanos: null } };
  test('without a price the hard budget is named, or it is let go, or takes a flat amount', () => {
    assert.equal(amounts(noPrice), 'key:k/spend/forever');
    assert.deepEqual(amounts(noPrice, { kind: 'allow' }), [
      ['requests', 1],
      ['totalTokens', 50],
      ['concurrency', 1],
      ['spend', 0],
      ['spend', 700],
      ['totalTokens', 500],
    ]);
    assert.deepEqual(amounts({ ...CALL, bounds: { ...NOTHING_USED, inputTokens: null, spendNanos: null } }, FLAT), [
      ['requests', 1],
      ['totalTokens', 50],
      ['concurrency', 1],
      ['spend', 11],
      ['spend', 700],
      ['totalTokens', 22],
    ]);
  });

  test('nothing of tokens and money when it is free', () => {
    const free = { ...CALL, bounds: NOTHING_USED };
    assert.deepEqual(amounts(free), [
      ['requests', 1],
      ['totalTokens', 0],
      ['concurrency', 1],
      ['spend', 0],
      ['spend', 0],
      ['totalTokens', 0],
    ]);
  });
});

const FLAT = { kind: 'flat', tokens: 22, spendNanos: 11 } as const;

describe('when the call is over', () => {
  const result = chargesFor(LIMITS, CALL, REFUSE, 0);
  assert.equal(result.kind, 'charges');
  const { charges } = result;

  test('each charge comes to what was used', () => {
    const used = { inputTokens: 100, outputTokens: 10, spendNanos: 42 };
    assert.deepEqual(settledAmounts(charges, used), [1, 110, 1, 42, 42, 110]);
  });

  test('what is not known stays as it was held', () => {
    const used = { inputTokens: 100, outputTokens: null, spendNanos: null };
    assert.deepEqual(settledAmounts(charges, used), [1, 50, 1, 7000, 700, 500]);
  });

  test('a call that never got to Bedrock gives all of it back', () => {
    assert.deepEqual(givenBack(charges), [0, 0, 0, 0, 0, 0]);
  });
});

describe('what limits count of usage', () => {
  const line = (unit: Usage['lines'][number]['unit'], quantity: number) =>
    ({ unit, quantity, modelId: null, variant: null }) as const;
  const usage: Usage = {
    ...UNKNOWN_USAGE,
    source: 'answer',
    complete: true,
    lines: [
      line('inputTokens', 1),
      line('cacheReadTokens', 20),
      line('cacheWrite5mTokens', 300),
      line('cacheWrite1hTokens', 4000),
      line('outputTokens', 50_000),
      line('outputImages', 9),
    ],
  };

  test('tokens in, cached or not, and tokens out', () => {
    assert.deepEqual(useOf(usage, { kind: 'known', nanos: 5n }), {
      inputTokens: 4321,
      outputTokens: 50_000,
      spendNanos: 5,
    });
  });

  test('unknown is not zero', () => {
    const unknown = { inputTokens: null, outputTokens: null, spendNanos: null };
    assert.deepEqual(useOf(UNKNOWN_USAGE, { kind: 'unknown', missing: 'a price' }), unknown);
  });

  test('money beyond any limit stays a safe integer', () => {
    assert.equal(nanosToCount(10n ** 30n), Number.MAX_SAFE_INTEGER);
  });
});

describe('upper bounds', () => {
  const text = { textBytes: 1000, images: 0, documents: 0, inputs: 1 };
  const inputs = [
    ['text: no more tokens than bytes, and what providers add', text, MODEL, 3048],
    ['an image', { ...text, images: 2 }, MODEL, 3048 + 2 * 16_384],
    ['never more than the context window', { ...text, textBytes: 1e6 }, MODEL, 200_000],
    ['several texts to embed: the context window of each', { ...text, textBytes: 1e6, inputs: 3 }, MODEL, 600_000],
    ['as many as nobody can tell: bytes alone', { ...text, textBytes: 1e6, inputs: null }, MODEL, 1_002_048],
    ['a document among them: nothing bounds it', { ...text, documents: 1, inputs: null }, MODEL, null],
    ['a document: the context window', { ...text, documents: 1 }, MODEL, 200_000],
    ['text for a model nobody knows', text, null, 3048],
    ['a document for a model nobody knows', { ...text, documents: 1 }, null, null],
  ] as const;
  for (const [name, facts, model, bound] of inputs) {
    test(`input: ${name}`, () => assert.equal(inputTokensBound(facts, model), bound));
  }

  const outputs = [
    ['what the request asks for', 1000, MODEL, { tokens: 1000, from: 'request' }],
    ['what it asks for, be it more than the model is known to give', 1e6, MODEL, { tokens: 1e6, from: 'request' }],
    ['without a maximum: what the model gives', null, MODEL, { tokens: 64_000, from: 'model' }],
    ['of a model nobody knows: what is asked', 1e9, null, { tokens: 1e9, from: 'request' }],
    ['neither known', null, null, null],
  ] as const;
  for (const [name, asked, model, output] of outputs) {
    test(`output: ${name}`, () => assert.deepEqual(outputTokensBound(asked, model), output));
  }
});

describe('what is usual', () => {
  const use = (tokens: number) => ({ inputTokens: tokens, outputTokens: tokens * 2, spendNanos: tokens * 1000 });

  test('is unknown until a call has been seen, and forgotten when there are too many kinds', () => {
    const usual = new UsualUse(2);
    assert.equal(usual.of('a'), null);
    for (const kind of ['a', 'b', 'c']) usual.learn(kind, use(1));
    assert.equal(usual.of('a'), null);
    assert.ok(usual.of('b') !== null && usual.of('c') !== null);
  });

  test('is what nine of ten calls stay within, to 42 %', () => {
    const usual = new UsualUse(1);
    for (let tokens = 1; tokens <= 100; tokens += 1) usual.learn('a', use(tokens * 10));
    const { inputTokens = 0, outputTokens = 0, spendNanos = 0 } = usual.of('a') ?? {};
    assert.ok(inputTokens >= 900 && inputTokens <= 900 * 1.42, String(inputTokens));
    assert.ok(outputTokens >= 1800 && outputTokens <= 1800 * 1.42, String(outputTokens));
    assert.ok(spendNanos >= 900_000 && spendNanos <= 900_000 * 1.42, String(spendNanos));
  });

  test('follows a change within some hundred calls', () => {
    const usual = new UsualUse(1);
    for (let call = 0; call < 1000; call += 1) usual.learn('a', use(10_000));
    for (let call = 0; call < 1000; call += 1) usual.learn('a', use(10));
    assert.ok((usual.of('a')?.inputTokens ?? 0) < 20);
  });

  test('takes nothing and the largest safe integer', () => {
    const usual = new UsualUse(2);
    usual.learn('none', use(0));
    usual.learn('all', { inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: 0, spendNanos: 0 });
    assert.deepEqual(usual.of('none'), { inputTokens: 1, outputTokens: 1, spendNanos: 1 });
    assert.ok((usual.of('all')?.inputTokens ?? 0) >= 2 ** 52);
  });

  test('is guessed from the bytes before', () => {
    const facts = { textBytes: 4000, images: 1, documents: 0, inputs: 1 };
    assert.deepEqual(guessTokens(facts, 200), { inputTokens: 2500, outputTokens: 200 });
    assert.deepEqual(guessTokens(facts, null), { inputTokens: 2500, outputTokens: 1024 });
  });
});
