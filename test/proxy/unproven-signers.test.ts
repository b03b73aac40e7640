import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { startTestGateway } from '../support/test-gateway.ts';
import { CONVERSE, issueKey, otherSecret, send, signedHeaders } from '../support/virtual-keys.ts';

const callRow = z.object({ key_id: z.string().nullable(), status: z.number() });

test('who knows only an access key id leaves no record under its key, nor under any', async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'outcrop-signers-'));
  const file = path.join(folder, 'calls.jsonl');
  const gateway = await startTestGateway({ env: { OUTCROP_SINKS: 'file', OUTCROP_CALLS_FILE: file } });
  context.after(() => rmSync(folder, { recursive: true }));
  const { origin } = gateway;
  const key = await issueKey(origin);
  const wrong = await signedHeaders(origin, CONVERSE, { ...key, secretAccessKey: otherSecret(key) });
  for (let count = 0; count < 3; count += 1) assert.equal((await send(origin, CONVERSE, wrong)).status, 403);
  const right = await signedHeaders(origin, CONVERSE, key);
  assert.equal((await send(origin, CONVERSE, right)).status, 200);
  await gateway.close();

  const rows = readFileSync(file, 'utf8').trim().split('\n');
  assert.deepEqual(
    rows.map((row) => callRow.parse(JSON.parse(row))),
    [{ key_id: key.id, status: 200 }],
  );
});
