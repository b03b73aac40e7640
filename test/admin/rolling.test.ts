import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { issueKey, type IssuedKey, managed } from '../support/virtual-keys.ts';

let running: TestGateway;

before(async () => {
  running = await startTestGateway();
});
after(() => running.close());

const statusAnswer = z.object({
  versions: z.array(z.object({ version: z.number(), bearer_keys: z.number(), aws_pairs: z.number() })),
});

/** Bearer keys by the version of the data key they stand under. */
async function bearerKeys(): Promise<Record<number, number>> {
  const { versions } = statusAnswer.parse(await managed(running.origin, 'GET /data-key/status'));
  return Object.fromEntries(versions.map(({ version, bearer_keys }) => [version, bearer_keys]));
}

/** Keys move beside the requests that show them; asking is the only way to hear of it. */
async function untilBearerKeys(expected: Record<number, number>): Promise<void> {
  let counted = await bearerKeys();
  while (!isSame(counted, expected)) counted = await bearerKeys();
}

const isSame = (one: object, other: object): boolean => JSON.stringify(one) === JSON.stringify(other);

async function show(key: IssuedKey): Promise<void> {
  const response = await fetch(`${running.origin}/key/aws-credentials`, {
    headers: { authorization: `Bearer ${key.bearer}` },
  });
  assert.equal(response.status, 200);
  const { aws_access_key_id } = z.object({ aws_access_key_id: z.string() }).parse(await response.json());
  assert.equal(aws_access_key_id, key.accessKeyId);
}

test('a key that is shown to the management API alone moves to the current data key, by whoever shows it', async () => {
  const [caller, named, changed, idle] = [
    await issueKey(running.origin),
    await issueKey(running.origin),
    await issueKey(running.origin),
    await issueKey(running.origin),
  ];
  await managed(running.origin, 'POST /data-key/roll', { deadline: '1d' });
  assert.deepEqual(await bearerKeys(), { 1: 4, 2: 0 });

  await show(caller);
  await untilBearerKeys({ 1: 3, 2: 1 });
  await managed(running.origin, `GET /key/info?key=${named.bearer}`);
  await untilBearerKeys({ 1: 2, 2: 2 });
  // Inside of a change nothing else can be written; it is when that is through.
  await managed(running.origin, 'POST /key/update', { key: changed.bearer, tags: ['x'] });
  await untilBearerKeys({ 1: 1, 2: 3 });

  for (const key of [caller, named, changed, idle]) await show(key);
  await untilBearerKeys({ 1: 0, 2: 4 });
  for (const key of [caller, named, changed, idle]) await show(key);
});

test('one that is taken away in the same moment has nothing to move, and nobody is alarmed', async () => {
  const gone = await issueKey(running.origin);
  await managed(running.origin, 'POST /data-key/roll', { deadline: '1d' });
  await managed(running.origin, 'POST /key/delete', { keys: [gone.bearer] });
  const other = await issueKey(running.origin);
  await managed(running.origin, `GET /key/info?key=${other.bearer}`);
  assert.deepEqual(
    running.logged.filter(({ level }) => level === 'warn' || level === 'error'),
    [],
  );
});
