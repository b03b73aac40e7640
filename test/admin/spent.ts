import assert from 'node:assert/strict';
import type { Attribution, CallRecord } from '../../src/domain/call-record.ts';
import { createLedgerStore } from '../../src/storage/ledger-store.ts';
import type { TestDatabase } from '../contracts/each-database.ts';
import { callId, NOON_MS, sampleRecord, usageOf } from '../ledger/sample-calls.ts';
import { type Answered, openTestAdmin, type TestAdmin, textOf } from './test-admin.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const NOVA = 'amazon.nova-lite-v1:0';
export const CLAUDE = 'anthropic.claude-sonnet-4-5-20250929-v1:0';

/** Four days of November 2026 that hold all the calls. */
export const PERIOD = 'start_date=2026-11-19&end_date=2026-11-22';

/** Who made calls: `ann` is in the team `t1` that `bob` leads, the key `svc` is of the team alone, `lone` of nobody. */
export type Maker = 'ann' | 'bob' | 'svc' | 'lone';

/** A management API with users, a team, and a ledger of six calls. */
export interface Spent {
  readonly admin: TestAdmin;
  /** The secrets of the makers' keys, and one of a viewer and of an outsider. */
  readonly keys: Readonly<Record<Maker | 'viewer' | 'outsider', string>>;
  /** Their public ids. */
  readonly ids: Readonly<Record<Maker, string>>;
  readonly calls: Readonly<Record<keyof typeof CALLS, CallRecord>>;
  /** The JSON of an answer that has to be a good one. */
  get(target: string, key?: string): Promise<unknown>;
}

const CALLS = {
  /** Two tags and commas in the customer's name. */
  ofAnn: 0,
  ofAnnToo: 1,
  unpriced: 2,
  refused: 3,
  estimated: 4,
  ofMaster: 5,
} as const;

export async function openSpent(
  database: TestDatabase,
  options: Partial<Parameters<typeof openTestAdmin>[0]> = {},
): Promise<Spent> {
  const admin = await openTestAdmin({ database, ...options });
  const must = async (request: string, body?: unknown, key?: string): Promise<Answered> => {
    const answered = await admin.ask(request, { body, ...(key === undefined ? {} : { key }) });
    assert.equal(answered.status, 200, answered.text);
    return answered;
  };
  const user = (user_id: string, user_role = 'internal_user') =>
    must('POST /user/new', { user_id, user_role, user_alias: `${user_id}'s`, auto_create_key: false });
  for (const id of ['ann', 'bob', 'out']) await user(id);
  await user('viewer', 'proxy_admin_viewer');
  const members = [
    { role: 'user', user_id: 'ann' },
    { role: 'admin', user_id: 'bob' },
  ];
  await must('POST /team/new', { team_id: 't1', team_alias: 'Team One', members_with_roles: members });
  const made = {
    ann: await must('POST /key/generate', { user_id: 'ann', team_id: 't1', key_alias: 'annie' }),
    bob: await must('POST /key/generate', { user_id: 'bob' }),
    svc: await must('POST /key/service-account/generate', { team_id: 't1' }),
    lone: await must('POST /key/generate', {}),
    viewer: await must('POST /key/generate', { user_id: 'viewer' }),
    outsider: await must('POST /key/generate', { user_id: 'out' }),
  };
  const secret = (who: keyof typeof made) => textOf(made[who], 'key');
  const id = (who: Maker) => textOf(made[who], 'token_id');
  const ids = { ann: id('ann'), bob: id('bob'), svc: id('svc'), lone: id('lone') };
  const calls = callsOf(ids);
  await createLedgerStore(admin.storage).insertCalls(Object.values(calls));
  return {
    admin,
    keys: {
      ann: secret('ann'),
      bob: secret('bob'),
      svc: secret('svc'),
      lone: secret('lone'),
      viewer: secret('viewer'),
      outsider: secret('outsider'),
    },
    ids,
    calls,
    get: async (target, key) => {
      const { text } = await must(`GET ${target}`, undefined, key);
      return JSON.parse(text);
    },
  };
}

function callsOf(ids: Spent['ids']): Spent['calls'] {
  const call = (
    index: number,
    beforeNoonMs: number,
    by: Partial<Attribution>,
    facts: Partial<CallRecord>,
  ): CallRecord => {
    const startedAtMs = NOON_MS - beforeNoonMs;
    const nobody = {
      keyId: null,
      keyAlias: null,
      teamId: null,
      userId: null,
      customerId: null,
      sessionId: null,
      tags: [],
    };
    const id = callId(index, startedAtMs);
    return sampleRecord(index, { id, startedAtMs, attribution: { ...nobody, ...by }, modelId: NOVA, ...facts });
  };
  const ann = { keyId: ids.ann, keyAlias: 'annie', teamId: 't1', userId: 'ann' };
  const free = { lines: [], source: 'free', complete: true, serviceTier: null, latencyOptimized: false } as const;
  const nothing = { usage: free, cost: { kind: 'known', nanos: 0n }, priceVersion: null, reservedNanos: 0n } as const;
  return {
    ofAnn: call(
      CALLS.ofAnn,
      0,
      { ...ann, customerId: 'Smith, J.', tags: ['dev', 'prod'] },
      {
        cost: { kind: 'known', nanos: 1_000_000n },
      },
    ),
    ofAnnToo: call(
      CALLS.ofAnnToo,
      HOUR_MS,
      { ...ann, customerId: 'c2', sessionId: 's1', tags: ['dev'] },
      {
        modelId: CLAUDE,
        usage: usageOf(
          ['inputTokens', 10],
          ['outputTokens', 20],
          ['cacheReadTokens', 300],
          ['cacheWrite1hTokens', 4000],
        ),
        cost: { kind: 'known', nanos: 2_000_000_001n },
      },
    ),
    unpriced: call(
      CALLS.unpriced,
      DAY_MS,
      { keyId: ids.svc, teamId: 't1' },
      {
        cost: { kind: 'unknown', missing: 'the price of things' },
        reservedNanos: 5_000_000n,
      },
    ),
    refused: call(
      CALLS.refused,
      DAY_MS,
      { keyId: ids.bob, userId: 'bob' },
      {
        ...nothing,
        modelId: CLAUDE,
        outcome: 'refused',
        refusal: 'rateLimited',
        status: 429,
      },
    ),
    estimated: call(
      CALLS.estimated,
      3 * DAY_MS,
      { keyId: ids.lone },
      {
        outcome: 'unknown',
        status: null,
        usage: { ...usageOf(), source: 'unknown', complete: false },
        cost: { kind: 'known', nanos: 77n },
      },
    ),
    ofMaster: call(
      CALLS.ofMaster,
      3 * DAY_MS,
      {},
      {
        ...nothing,
        modelId: null,
        service: 'bedrock',
        operation: 'ListFoundationModels',
        operationKind: 'read',
      },
    ),
  };
}
