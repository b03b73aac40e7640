import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { outcropRecordSchema } from '../../scripts/pages/payload-schemas.ts';
import { ask, converse } from '../metering/ask.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { type IssuedKey, issueKey, managed } from '../support/virtual-keys.ts';

const NOWHERE = { ...converse(), path: '/bedrock/no/such/thing' };

describe('a gateway that refuses before anything is sent', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'outcrop-callers-'));
  const file = path.join(folder, 'calls.jsonl');
  let gateway: TestGateway;
  let key: IssuedKey;
  let blocked: IssuedKey;
  before(async () => {
    gateway = await startTestGateway({
      env: {
        OUTCROP_SINKS: 'file,generic_api',
        OUTCROP_CALLS_FILE: file,
        // Nobody is there.
        GENERIC_LOGGER_ENDPOINT: 'http://127.0.0.1:9/calls',
        OUTCROP_METRICS: 'outcrop',
        OUTCROP_FAILED_LOGINS_PER_MINUTE_MAX: '4',
      },
    });
    key = await issueKey(gateway.origin);
    blocked = await issueKey(gateway.origin);
    await managed(gateway.origin, 'POST /key/block', { key: blocked.id });
  });
  after(async () => {
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const metrics = async (): Promise<string> => {
    const page = await fetch(`${gateway.origin}/metrics`, { headers: { authorization: `Bearer ${MASTER_KEY}` } });
    return page.text();
  };

  it('answers the same to all of them, whoever they are', async () => {
    const [known, unknown] = [
      await ask(gateway.origin, key.bearer, NOWHERE),
      await ask(gateway.origin, 'sk-x', NOWHERE),
    ];
    assert.deepEqual([known.status, known.message], [404, unknown.message]);
    assert.equal(unknown.status, 404);
    const [shut, wrong] = [
      await ask(gateway.origin, blocked.bearer, converse()),
      await ask(gateway.origin, 'sk-wrong', converse()),
    ];
    assert.deepEqual([shut.status, shut.message], [401, wrong.message]);
  });

  it('counts wrong credentials, and what leaves no record', async () => {
    const text = await metrics();
    // The unknown path with a wrong key, the blocked key and the wrong one.
    assert.match(text, /^outcrop_failed_logins_total 3$/m);
    assert.match(text, /^outcrop_unrecorded_requests_total\{reason="unauthenticated"\} 1$/m);
  });

  it('leaves no record of a blocked key that is tried too often', async () => {
    for (let count = 0; count < 4; count += 1) await ask(gateway.origin, blocked.bearer, converse());
    assert.match(await metrics(), /^outcrop_unrecorded_requests_total\{reason="tooManyFailedLogins"\} 3$/m);
  });

  it('says when its sinks last had success and when they last failed', async () => {
    const missing = /^outcrop_sink_last_success_timestamp_seconds\{sink="generic_api"\}/m;
    const [success, error] = [
      /^outcrop_sink_last_success_timestamp_seconds\{sink="file"\} (\d+)/m,
      /^outcrop_sink_last_error_timestamp_seconds\{sink="generic_api"\} (\d+)/m,
    ];
    let text = await metrics();
    const untilMs = Date.now() + 15_000;
    while (!(success.test(text) && error.test(text)) && Date.now() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      text = await metrics();
    }
    for (const pattern of [success, error]) {
      const seconds = Number(pattern.exec(text)?.[1]);
      assert.ok(Math.abs(seconds - Date.now() / 1000) < 60, `${pattern.source}: ${seconds}`);
    }
    assert.doesNotMatch(text, missing);
  });

  it('gives sinks the calls of known keys, also of those that are blocked', async () => {
    await gateway.close();
    const calls = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => outcropRecordSchema.parse(JSON.parse(line)));
    assert.deepEqual(
      calls.map(({ key_id: id, status, refusal }) => [id, status, refusal]),
      [
        [key.id, 404, 'unknownOperation'],
        [blocked.id, 401, 'unauthenticated'],
        [blocked.id, 401, 'unauthenticated'],
      ],
    );
  });
});
