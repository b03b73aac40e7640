import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { isSampled } from '../../src/domain/logging/content-choice.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { issueKey, managed } from '../support/virtual-keys.ts';

const MODEL = 'anthropic.claude-3-haiku-20240307-v1:0';
const ASKED = 'My number is 555-1234, and the word is granite.';
const withId = z.looseObject({ id: z.string() });
const teamAnswer = z.object({ team_id: z.string() });
const callList = z.object({ data: z.array(z.object({ request_id: z.string() })) });

/** What has arrived at a sink, by the id of the call. */
type Arrived = ReadonlyMap<string, string>;

/** A gateway with two sinks, a file and a webhook, and what both got in the end. */
class Switchboard {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'outcrop-switches-'));
  readonly #posted: unknown[] = [];
  #receiver: Server | null = null;
  #gateway: TestGateway | null = null;

  async open(env: Readonly<Record<string, string>>): Promise<void> {
    const receiver = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (request.url === '/calls') {
          this.#posted.push(...z.array(z.unknown()).parse(JSON.parse(Buffer.concat(chunks).toString())));
        }
        response.end();
      });
    });
    this.#receiver = receiver;
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const address = receiver.address();
    assert.ok(typeof address === 'object' && address !== null);
    this.#gateway = await startTestGateway({
      env: {
        OUTCROP_SINKS: 'file,generic_api,webhook',
        WEBHOOK_URL: `http://127.0.0.1:${address.port}/alerts`,
        OUTCROP_CALLS_FILE: this.#file,
        GENERIC_LOGGER_ENDPOINT: `http://127.0.0.1:${address.port}/calls`,
        ...env,
      },
    });
  }

  get origin(): string {
    assert.ok(this.#gateway !== null);
    return this.#gateway.origin;
  }

  get #file(): string {
    return path.join(this.#folder, 'calls.jsonl');
  }

  /** @returns the id of the call */
  async call(bearer: string, model = MODEL): Promise<string> {
    const answer = await fetch(`${this.origin}/bedrock/model/${model}/converse`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}` },
      body: JSON.stringify({ messages: [{ role: 'user', content: [{ text: ASKED }] }] }),
    });
    await answer.arrayBuffer();
    const id = answer.headers.get('x-outcrop-request-id') ?? answer.headers.get('x-amzn-requestid');
    assert.ok(id !== null);
    return id;
  }

  /** A key of a team. */
  async key(facts: object, teamFacts: object = {}): Promise<{ readonly id: string; readonly bearer: string }> {
    const { team_id } = teamAnswer.parse(await managed(this.origin, 'POST /team/new', teamFacts));
    return issueKey(this.origin, { team_id, ...facts });
  }

  async isInLedger(id: string): Promise<boolean> {
    const { data } = callList.parse(await managed(this.origin, `GET /spend/logs/v2?request_id=${id}`));
    return data.length === 1;
  }

  /** Ends the gateway, which sends what waits. */
  async arrived(): Promise<{ readonly file: Arrived; readonly webhook: Arrived }> {
    await this.#gateway?.close();
    const lines = readFileSync(this.#file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    return { file: byId(lines.map((line) => JSON.parse(line))), webhook: byId(this.#posted) };
  }

  async close(): Promise<void> {
    await this.#gateway?.close();
    this.#receiver?.close();
    rmSync(this.#folder, { recursive: true });
  }
}

function byId(calls: readonly unknown[]): Arrived {
  return new Map(calls.map((call) => [withId.parse(call).id, JSON.stringify(call)]));
}

type Got = 'nothing' | 'record' | 'content' | 'redacted';

/** What of a call has arrived; `redacted`: its content without the number. */
function whatOf(id: string, sink: Arrived): Got {
  const call = sink.get(id);
  if (call === undefined) return 'nothing';
  if (!call.includes('granite')) return 'record';
  return call.includes('555-1234') ? 'content' : 'redacted';
}

const PATTERN = '\\d{3}-\\d{4}';

/** The fields of a key and of its team, and what file and webhook get of its calls. */
const ROWS: readonly (readonly [key: object, team: object, file: Got, webhook: Got])[] = [
  [{}, {}, 'content', 'content'],
  [{ sinks: ['file'] }, {}, 'content', 'nothing'],
  [{}, { sinks: ['generic_api'] }, 'nothing', 'content'],
  [{ sinks: ['file'] }, { sinks: ['generic_api'] }, 'nothing', 'nothing'],
  [{ sinks: [] }, {}, 'nothing', 'nothing'],
  [{ disabled_sinks: ['file'] }, {}, 'nothing', 'content'],
  [{ sinks: ['file'] }, { disabled_sinks: ['file'] }, 'nothing', 'nothing'],
  [{ metadata: { litellm_disabled_callbacks: ['generic_api'] } }, {}, 'content', 'nothing'],
  [{ record_content: false }, {}, 'record', 'record'],
  [{ record_content: true }, { record_content: false }, 'record', 'record'],
  [{ content_sample_rate: 0 }, { content_sample_rate: 1 }, 'record', 'record'],
  [{ redact_patterns: [PATTERN] }, {}, 'redacted', 'redacted'],
  [{}, { redact_patterns: [PATTERN] }, 'redacted', 'redacted'],
  [{ redact_fields: ['text'] }, {}, 'record', 'record'],
  [{ sinks: ['file'], redact_patterns: [PATTERN] }, { redact_fields: ['nothing'] }, 'redacted', 'nothing'],
];

describe('a gateway that records content', () => {
  const board = new Switchboard();
  before(() => board.open({ OUTCROP_RECORD_CONTENT: 'true', OUTCROP_METRICS: 'outcrop' }));
  after(() => board.close());

  test('gives each sink what key and team say', async () => {
    const ids: string[] = [];
    for (const [key, team] of ROWS) ids.push(await board.call((await board.key(key, team)).bearer));

    // News of a change reach the hot path, of the key and of its team.
    const changing = await board.key({});
    const { team_id } = z
      .object({ info: teamAnswer })
      .parse(await managed(board.origin, `GET /key/info?key=${changing.id}`)).info;
    const whole = await board.call(changing.bearer);
    await managed(board.origin, 'POST /key/update', { key: changing.id, sinks: ['file'] });
    const fileOnly = await board.call(changing.bearer);
    await managed(board.origin, 'POST /team/update', { team_id, redact_patterns: [PATTERN] });
    const fileRedacted = await board.call(changing.bearer);

    const refused = await board.call((await board.key({ sinks: ['file'], models: ['amazon.*'] })).bearer);
    const unheard = await board.key({ sinks: [] });
    const unheardId = await board.call(unheard.bearer);
    const sampled = await board.key({ content_sample_rate: 0.5 });
    const samples: string[] = [];
    for (let index = 0; index < 24; index += 1) samples.push(await board.call(sampled.bearer));
    const ofMaster = await board.call(MASTER_KEY);

    const metrics = await fetch(`${board.origin}/metrics`, { headers: { authorization: `Bearer ${MASTER_KEY}` } });
    const counted = [...(await metrics.text()).matchAll(/^outcrop_requests_total\{.*\} (\d+)$/gm)];
    assert.equal(
      counted.reduce((sum, [, count]) => sum + Number(count), 0),
      ROWS.length + 3 + 1 + 1 + samples.length + 1,
      'metrics count every call',
    );
    // What no sink hears of is in the ledger all the same, as soon as that has flushed.
    while (!(await board.isInLedger(unheardId)));

    const { file, webhook } = await board.arrived();
    for (const [index, [key, team, ...expected]] of ROWS.entries()) {
      const id = ids[index] ?? '';
      assert.deepEqual([whatOf(id, file), whatOf(id, webhook)], expected, JSON.stringify([key, team]));
    }
    assert.deepEqual([whatOf(whole, file), whatOf(whole, webhook)], ['content', 'content']);
    assert.deepEqual([whatOf(fileOnly, file), whatOf(fileOnly, webhook)], ['content', 'nothing']);
    assert.deepEqual([whatOf(fileRedacted, file), whatOf(fileRedacted, webhook)], ['redacted', 'nothing']);
    assert.deepEqual([whatOf(refused, file), whatOf(refused, webhook)], ['record', 'nothing']);
    assert.deepEqual([whatOf(ofMaster, file), whatOf(ofMaster, webhook)], ['content', 'content']);
    for (const id of samples) {
      const expected = isSampled(id, 0.5) ? 'content' : 'record';
      assert.deepEqual([whatOf(id, file), whatOf(id, webhook)], [expected, expected], id);
    }
  });
});

describe('a gateway that records content per key', () => {
  const board = new Switchboard();
  before(() => board.open({ OUTCROP_RECORD_CONTENT: 'per-key', OUTCROP_REDACT_PATTERNS: 'granit[a-z]' }));
  after(() => board.close());

  test('keeps it of keys and teams that ask for it, redacted as the operator says, and of nobody else', async () => {
    const asking = await board.call((await board.key({ record_content: true })).bearer);
    const ofTeam = await board.call((await board.key({}, { record_content: true })).bearer);
    const silent = await board.call((await board.key({})).bearer);
    const forbidden = await board.call((await board.key({ record_content: true }, { record_content: false })).bearer);
    const redacting = await board.call((await board.key({ record_content: true, redact_patterns: [PATTERN] })).bearer);
    const ofMaster = await board.call(MASTER_KEY);
    const alertsOnly = board.key({ sinks: ['webhook'] });
    await assert.rejects(alertsOnly, /422 .*no sink .* that gets calls; there are file, generic_api/);
    const { file, webhook } = await board.arrived();
    for (const sink of [file, webhook]) {
      for (const id of [asking, ofTeam]) assert.match(sink.get(id) ?? '', /555-1234, and the word is \[redacted\]/);
      assert.match(sink.get(redacting) ?? '', /My number is \[redacted\], and the word is \[redacted\]/);
      for (const id of [silent, forbidden, ofMaster])
        assert.doesNotMatch(sink.get(id) ?? 'not there', /not there|number/);
    }
  });
});
