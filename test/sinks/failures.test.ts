import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask, converse, converseStream } from '../metering/ask.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { issueKey } from '../support/virtual-keys.ts';
import { outcropRecordSchema } from '../../scripts/pages/payload-schemas.ts';

const FAILED = 'outcrop_failed_requests_total';

/** What fails on the way to Bedrock or back is a failure for everybody who is told of calls. */
describe('a gateway whose Bedrock fails', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'outcrop-failures-'));
  const file = path.join(folder, 'calls.jsonl');
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({
      env: {
        OUTCROP_SINKS: 'file',
        OUTCROP_CALLS_FILE: file,
        OUTCROP_RECORD_CONTENT: 'true',
        OUTCROP_METRICS: 'outcrop',
      },
    });
  });
  after(async () => {
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const failedLines = async (): Promise<string> => {
    const page = await fetch(`${gateway.origin}/metrics`, { headers: { authorization: `Bearer ${MASTER_KEY}` } });
    const lines = (await page.text()).split('\n').filter((line) => line.startsWith(FAILED));
    return lines.join('\n');
  };

  const ids = new Map<string, string | null>();

  it('counts a stream that an exception ended, and keeps what was held for it', async () => {
    // Room for one call and not for two.
    const key = await issueKey(gateway.origin, { max_budget: 0.001 });
    gateway.simulator.inject({
      kind: 'exception-frame',
      afterFrames: 2,
      exception: 'modelStreamErrorException',
      count: 1,
    });
    const cut = await ask(gateway.origin, key.bearer, converseStream({ maxTokens: 100 }));
    ids.set('stream', cut.headers.get('x-outcrop-request-id'));
    assert.equal(cut.status, 200);
    assert.match(cut.text, /modelStreamErrorException/);
    const next = await ask(gateway.origin, key.bearer, converse({ maxTokens: 100 }));
    assert.equal(next.status, 400, 'nobody knows what the stream has cost');
    assert.match(await failedLines(), /status="200",error="modelStreamErrorException"\} 1/);
  });

  it('counts an answer that is an error, by the name that AWS gives it', async () => {
    const key = await issueKey(gateway.origin);
    const headers = { 'x-amzn-errortype': 'ThrottlingException:http://internal.amazon.com/coral/' };
    gateway.simulator.inject({ kind: 'error', status: 429, exception: 'ThrottlingException', headers, count: 1 });
    const refused = await ask(gateway.origin, key.bearer, converse());
    ids.set('error', refused.headers.get('x-outcrop-request-id'));
    assert.match(await failedLines(), /status="429",error="ThrottlingException"\} 1/);
  });

  it('keeps what was asked of a call that was sent and never answered, and may be billed', async () => {
    const key = await issueKey(gateway.origin);
    gateway.simulator.inject({ kind: 'no-answer', ending: 'reset', count: 1 });
    const broken = await ask(gateway.origin, key.bearer, converse({ text: 'What was asked in vain?' }));
    assert.equal(broken.status, 424);
    ids.set('unanswered', broken.headers.get('x-outcrop-request-id'));
  });

  it('says of a body that is no JSON that it is none', async () => {
    const key = await issueKey(gateway.origin);
    const refused = await ask(gateway.origin, key.bearer, { ...converse(), body: '{"messages": [' });
    assert.equal(refused.status, 400);
    ids.set('malformed', refused.headers.get('x-outcrop-request-id'));
  });

  it('tells its sinks', async () => {
    await gateway.close();
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    const calls = lines.map((line) => outcropRecordSchema.parse(JSON.parse(line)));
    const told = (name: string) => calls.find(({ id }) => id === ids.get(name)) ?? assert.fail(`no call ${name}`);
    const { status, outcome, error_type: exception, usage_complete: isComplete } = told('stream');
    assert.deepEqual([status, outcome, exception, isComplete], [200, 'broken', 'modelStreamErrorException', false]);
    assert.match(told('unanswered').request ?? '', /What was asked in vain\?/);
    assert.deepEqual(JSON.parse(told('malformed').request ?? ''), { _notJson: true, bytes: 14 });
    const error = told('error');
    assert.deepEqual([error.status, error.outcome, error.error_type], [429, 'completed', 'ThrottlingException']);
  });
});
