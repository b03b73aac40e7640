import { z } from 'zod';
import { dollarsToNanos } from '../domain/limits/dollars.ts';
import { limitsFromFields } from '../domain/limits/limit-fields.ts';
import type { Limit, LimitScope } from '../domain/limits/limit.ts';
import { priceOverrides } from './price-overrides.ts';
import { flag, MIB, settingFacts, text, whole } from './setting.ts';

/** The settings of what is measured, limited, priced and written down. */
export const meteringSettings = {
  redisUrl: text
    .nullable()
    .default(null)
    .register(settingFacts, {
      env: ['REDIS_URL', 'OUTCROP_REDIS_URL'],
      secret: true,
      about: 'Redis or Valkey, where several gateways count what limits have used. Default: each in its own memory.',
    }),
  redisPrefix: text.default('outcrop').register(settingFacts, {
    env: ['OUTCROP_REDIS_PREFIX'],
    about: 'What the names of all counters in Redis begin with: deployments that share a Redis need one each.',
  }),
  budgetsWithoutRedis: z
    .enum(['closed', 'open'])
    .default('closed')
    .register(settingFacts, {
      env: ['OUTCROP_BUDGETS_WITHOUT_REDIS'],
      about: 'Whether calls under a hard budget are refused (closed) or served (open) while Redis is out of reach.',
    }),
  countersMax: whole(1000, 10_000_000, 100_000).register(settingFacts, {
    env: ['OUTCROP_COUNTERS_MAX'],
    about: 'Counters of limits held in memory; beyond it, calls under a new hard limit are refused.',
  }),
  limits: z
    .array(z.record(z.string(), z.json()))
    .refine(areLimits, 'are not limits: see docs/limits.md')
    .default([])
    .register(settingFacts, {
      env: [],
      about: 'Limits on everything together, see docs/limits.md.',
    }),
  tagLimits: z
    .record(z.string(), z.record(z.string(), z.json()))
    .refine(
      (tags) => Object.entries(tags).every(([tag, fields]) => limitsOf({ kind: 'tag', id: tag }, fields) !== null),
      'are not limits: see docs/limits.md',
    )
    .default({})
    .register(settingFacts, {
      env: [],
      about: 'Limits of the calls that carry a tag, by tag; the fields are those of keys, see docs/limits.md.',
    }),
  unboundedCalls: z
    .enum(['refuse', 'allow', 'flat'])
    .default('refuse')
    .register(settingFacts, {
      env: ['OUTCROP_UNBOUNDED_CALLS'],
      about:
        'What becomes of calls under a hard limit of tokens or money when nothing tells what they may use: refuse, allow, or charge a flat amount.',
    }),
  unboundedCallTokens: whole(0, 1_000_000_000, 10_000).register(settingFacts, {
    env: ['OUTCROP_UNBOUNDED_CALL_TOKENS'],
    about: 'The flat amount of tokens of such a call.',
  }),
  unboundedCallUsd: z
    .union([z.number(), text])
    .transform(String)
    .refine((usd) => dollarsToNanos(usd) !== null, 'must be an amount of dollars')
    .default('0.10')
    .register(settingFacts, {
      env: ['OUTCROP_UNBOUNDED_CALL_USD'],
      about: 'The flat amount of dollars of such a call.',
    }),
  outputCap: z
    .enum(['refuse', 'end'])
    .default('refuse')
    .register(settingFacts, {
      env: ['OUTCROP_OUTPUT_CAP'],
      about:
        'What holds calls to max_output_tokens_reserved of their key: refuse requests that could get more, or end streams about there. Only the first bounds what is spent, see docs/limits.md.',
    }),
  cutStreams: flag().register(settingFacts, {
    env: ['OUTCROP_CUT_STREAMS'],
    about: 'End a running stream, by a throttlingException, when a budget it runs under has been spent.',
  }),
  customerHeader: text
    .toLowerCase()
    .regex(/^[a-z0-9_-]+$/)
    .nullable()
    .default(null)
    .register(settingFacts, {
      env: ['OUTCROP_CUSTOMER_HEADER'],
      about: 'A header of your own that names the end user, before all others.',
    }),
  forwardAttribution: flag().register(settingFacts, {
    env: ['OUTCROP_FORWARD_ATTRIBUTION'],
    about:
      "Tell AWS the key's alias and team, as X-Amzn-Bedrock-Request-Metadata, so that its own logs of invocations can be joined.",
  }),
  prices: priceOverrides.default([]).register(settingFacts, {
    env: [],
    about: 'Your own prices and discounts, see docs/cost.md.',
  }),
  durability: z
    .enum(['process', 'power'])
    .default('process')
    .register(settingFacts, {
      env: ['OUTCROP_DURABILITY'],
      about:
        'What the record of a call survives before the call goes to Bedrock: the end of the process, or the loss of power too (some milliseconds each).',
    }),
  spoolBytesMax: whole(16 * MIB, 1024 * 1024 * MIB, 1024 * MIB).register(settingFacts, {
    env: ['OUTCROP_SPOOL_BYTES_MAX'],
    about: 'Records on disk that the database has not taken yet; beyond it calls are answered 503.',
  }),
  retentionDays: whole(1, 3650, 30).register(settingFacts, {
    env: ['OUTCROP_RETENTION_DAYS'],
    about: 'Days that single call records are kept. Daily totals are kept for ever.',
  }),
};

function areLimits(limits: readonly object[]): boolean {
  return limitsOf({ kind: 'all', id: '' }, { limits }) !== null;
}

function limitsOf(scope: LimitScope, fields: object): readonly Limit[] | null {
  try {
    return limitsFromFields(scope, fields);
  } catch {
    return null;
  }
}
