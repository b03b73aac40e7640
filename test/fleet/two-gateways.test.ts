import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { issueKey, type IssuedKey, managed, reissueKey, statusSigned, statusWith } from '../support/virtual-keys.ts';

/** What the issue promises: a change is in force on every instance after this long. */
const IN_FORCE_MS = 1000;

let postgres: TestPostgres;
let databaseUrl: string;
let here: TestGateway;
let there: TestGateway;
/** Time of both gateways is this much ahead. */
let aheadMs = 0;

function startOne(): Promise<TestGateway> {
  const clock = { nowMs: () => Date.now() + aheadMs, elapsedMs: () => performance.now() };
  return startTestGateway({ clock, env: { DATABASE_URL: databaseUrl } });
}

before(async () => {
  postgres = await startPostgres();
  databaseUrl = await postgres.createDatabase();
  [here, there] = await Promise.all([startOne(), startOne()]);
  await Promise.all([here.gateway.storedPartsReady(), there.gateway.storedPartsReady()]);
});

after(async () => {
  await Promise.all([here.close(), there.close()]);
  await postgres.stop();
});

/** How long it takes until a status is answered that was not before. Fails when it takes longer than promised. */
async function msUntil(expected: number, ask: () => Promise<number>): Promise<number> {
  const startMs = performance.now();
  for (;;) {
    const status = await ask();
    const tookMs = performance.now() - startMs;
    if (status === expected) return tookMs;
    assert.ok(tookMs < IN_FORCE_MS, `still ${status} after ${Math.round(tookMs)} ms`);
    await pause(5);
  }
}

const CHANGES: readonly (readonly [
  what: string,
  change: (key: IssuedKey) => Promise<unknown>,
  bearer: number,
  signed: number,
])[] = [
  ['deleted', ({ id }) => managed(here.origin, 'POST /key/delete', { keys: [id] }), 401, 403],
  ['blocked', ({ id }) => managed(here.origin, 'POST /key/block', { key: id }), 401, 403],
  [
    'restricted to another model',
    ({ id }) => managed(here.origin, 'POST /key/update', { key: id, models: ['anthropic.claude-*'] }),
    403,
    403,
  ],
  ['regenerated without grace', (key) => reissueKey(here.origin, key), 401, 403],
];

for (const [what, change, bearer, signed] of CHANGES) {
  test(`a key that is ${what} on one gateway is refused by it at once and by the other within a second`, async () => {
    const key = await issueKey(here.origin);
    for (const { origin } of [here, there]) {
      assert.equal(await statusWith(origin, key.bearer), 200);
      assert.equal(await statusSigned(origin, key), 200);
    }
    await change(key);
    assert.equal(await statusWith(here.origin, key.bearer), bearer);
    assert.equal(await statusSigned(here.origin, key), signed);
    await msUntil(bearer, () => statusWith(there.origin, key.bearer));
    await msUntil(signed, () => statusSigned(there.origin, key));
  });
}

test('a team that is blocked on one gateway takes its keys with it on the other', async () => {
  const { team_id } = z.object({ team_id: z.string() }).parse(await managed(here.origin, 'POST /team/new', {}));
  const key = await issueKey(here.origin, { team_id });
  assert.equal(await statusWith(there.origin, key.bearer), 200);
  await managed(here.origin, 'POST /team/block', { team_id });
  await msUntil(401, () => statusWith(there.origin, key.bearer));
});

test('a key works on the other gateway at once, also where it was asked for in vain before', async () => {
  const own = `sk-asked-too-early-${'x'.repeat(20)}`;
  assert.equal(await statusWith(there.origin, own), 401);
  const key = await issueKey(here.origin, { key: own });
  assert.equal(await statusSigned(there.origin, key), 200);
  await msUntil(200, () => statusWith(there.origin, own));
});

const versionRow = z.object({
  version: z.number(),
  is_current: z.boolean(),
  retired_at: z.string().nullable(),
  bearer_keys: z.number(),
  aws_pairs: z.number(),
});
const statusAnswer = z.object({
  versions: z.array(versionRow),
  aws_pairs_to_reissue: z.array(
    z.object({ token_id: z.string(), key_alias: z.string().nullable(), aws_access_key_id: z.string() }),
  ),
  total: z.number(),
});

async function dataKeyStatus(): Promise<z.infer<typeof statusAnswer>> {
  return statusAnswer.parse(await managed(there.origin, 'GET /data-key/status?page_size=100'));
}

test('the data key is rolled: no key is turned away, those that are shown move, the rest ends at the deadline', async () => {
  const shown = await issueKey(here.origin, { key_alias: 'shown' });
  const silent = await issueKey(here.origin, { key_alias: 'silent' });
  const before = await dataKeyStatus();
  assert.deepEqual(before.aws_pairs_to_reissue, []);
  const [only] = before.versions;
  assert.ok(only !== undefined && only.is_current && only.retired_at === null && before.versions.length === 1);

  await managed(here.origin, 'POST /data-key/roll', { deadline: '30d' });
  // At the same moment the other gateway has not heard of it.
  const fresh = await issueKey(here.origin, { key_alias: 'fresh' });
  const asked: readonly (readonly [string, () => Promise<number>])[] = [
    ['a new key, there', () => statusWith(there.origin, fresh.bearer)],
    ['a new pair, there', () => statusSigned(there.origin, fresh)],
    ['an old key, here', () => statusWith(here.origin, shown.bearer)],
    ['the same, there', () => statusWith(there.origin, shown.bearer)],
    ['its pair, here', () => statusSigned(here.origin, shown)],
    ['its pair, there', () => statusSigned(there.origin, shown)],
  ];
  for (const [what, ask] of asked) {
    for (let time = 0; time < 5; time += 1) assert.equal(await ask(), 200, what);
  }

  // Moving is beside the requests.
  await msUntil(only.bearer_keys - 1, async () => (await dataKeyStatus()).versions[0]?.bearer_keys ?? 0);
  const rolled = await dataKeyStatus();
  const [old, current] = rolled.versions;
  assert.ok(old !== undefined && current !== undefined);
  assert.deepEqual([old.is_current, current.is_current, current.retired_at], [false, true, null]);
  assert.ok(Math.abs(Date.parse(old.retired_at ?? '') - Date.now() - 30 * 86_400_000) < 60_000, String(old.retired_at));
  assert.deepEqual([old.bearer_keys, current.bearer_keys], [only.bearer_keys - 1, 2], 'shown has moved, fresh is new');
  assert.deepEqual([old.aws_pairs, current.aws_pairs], [only.aws_pairs, 1]);
  assert.equal(rolled.total, only.aws_pairs);
  const listed = rolled.aws_pairs_to_reissue.find(({ token_id }) => token_id === shown.id);
  assert.deepEqual([listed?.key_alias, listed?.aws_access_key_id], ['shown', shown.accessKeyId]);

  const reissued = await reissueKey(here.origin, shown, { grace_period: '31d' });
  assert.equal((await dataKeyStatus()).total, only.aws_pairs - 1);

  // Both are in memory on both gateways when the deadline passes.
  for (const { origin } of [here, there]) assert.equal(await statusSigned(origin, silent), 200);
  aheadMs = 30 * 86_400_000 + 60_000;
  const timeMs = Date.now() + aheadMs;
  for (const { origin, simulator } of [here, there]) {
    const before_ = simulator.requests().length;
    assert.equal(await statusWith(origin, silent.bearer), 401, 'a key that was not shown');
    assert.equal(await statusSigned(origin, silent, { timeMs }), 403, 'an old pair');
    assert.equal(simulator.requests().length, before_);
  }
  // Bedrock's clock has not moved, so it is asked with the right one.
  aheadMs = 0;
  assert.equal(await statusWith(there.origin, reissued.bearer), 200);
  assert.equal(await statusSigned(there.origin, reissued), 200);
});

test('of a roll the audit says who did it and from where, and it takes the master key and a sane deadline', async () => {
  const key = await issueKey(here.origin);
  const post = (bearer: string) =>
    fetch(`${here.origin}/data-key/roll`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}` },
      body: '{"deadline":"30d"}',
    });
  assert.equal((await post(key.bearer)).status, 403);
  for (const deadline of ['0s', '59s', '367d', '-1', 'soon', 30]) {
    await assert.rejects(managed(here.origin, 'POST /data-key/roll', { deadline }), / 422 .*deadline/s);
  }
  const { audit_logs } = z
    .object({ audit_logs: z.array(z.looseObject({ changed_by: z.string(), source_address: z.string().nullable() })) })
    .parse(await managed(here.origin, 'GET /audit?action=data_key.roll'));
  assert.deepEqual(
    audit_logs.map(({ changed_by, source_address }) => [changed_by, source_address]),
    [['master', '127.0.0.1']],
  );
});
