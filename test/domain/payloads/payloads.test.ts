import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { outcropRecordSchema, standardLoggingSchema } from '../../../scripts/pages/payload-schemas.ts';
import { alertText, type Alert } from '../../../src/domain/alert.ts';
import { makeLimit } from '../../../src/domain/limits/limit.ts';
import { billedUse } from '../../../src/domain/payloads/billing-event.ts';
import { outcropRecord } from '../../../src/domain/payloads/outcrop-record.ts';
import { boundedPayloadText, payloadText } from '../../../src/domain/payloads/payload-format.ts';
import { standardLoggingPayload } from '../../../src/domain/payloads/standard-logging.ts';
import { webhookEvent } from '../../../src/domain/payloads/webhook-event.ts';
import { NOON_MS, sampleRecord, usageOf } from '../../ledger/sample-calls.ts';
import { AWKWARD_EVENTS } from '../../sinks/awkward-events.ts';
import { FULL_TRACE, NO_TRACE } from '../../sinks/traces.ts';

const event = { record: sampleRecord(1), trace: NO_TRACE, content: null };

describe('payloads of calls', () => {
  test('are what their schemas say, whatever the call was, and one line of JSON', () => {
    for (const awkward of AWKWARD_EVENTS) {
      standardLoggingSchema.parse(JSON.parse(payloadText(awkward, 'litellm')));
      outcropRecordSchema.parse(JSON.parse(payloadText(awkward, 'outcrop')));
      assert.doesNotMatch(payloadText(awkward, 'litellm'), /[\r\n]/);
    }
  });

  test('LiteLLM’s has seconds, dollars and tokens where its receivers look for them', () => {
    const usage = usageOf(
      ['inputTokens', 10],
      ['cacheReadTokens', 20],
      ['cacheWrite5mTokens', 30],
      ['outputTokens', 40],
    );
    const record = sampleRecord(5, { operation: 'ConverseStream', usage });
    const payload = standardLoggingPayload({ record, trace: NO_TRACE, content: { request: 'q', response: 'a' } });
    assert.deepEqual([payload.prompt_tokens, payload.completion_tokens, payload.total_tokens], [60, 40, 100]);
    assert.deepEqual(payload.metadata.usage_object, {
      prompt_tokens: 60,
      completion_tokens: 40,
      total_tokens: 100,
      cache_read_input_tokens: 20,
      cache_creation_input_tokens: 30,
    });
    assert.equal(payload.startTime, (NOON_MS + 5) / 1000);
    assert.equal(payload.endTime - payload.startTime, 0.5);
    assert.equal(payload.response_time, 0.1);
    assert.equal(payload.stream, true);
    assert.equal(payload.response_cost, 0.001000005);
    assert.equal(payload.hidden_params.response_cost, '0.001000005');
    assert.equal(payload.api_base, 'https://bedrock-runtime.us-east-1.amazonaws.com');
    assert.equal(payload.status, 'success');
    assert.deepEqual([payload.messages, payload.response], ['q', 'a']);
    assert.equal(payload.metadata.user_api_key_hash, record.attribution.keyId);
  });

  test('LiteLLM’s tells where a call was sent, and its session, else the trace it is in', () => {
    const traced = standardLoggingPayload({ ...event, trace: { ...FULL_TRACE, targetOrigin: 'http://gateway:8080' } });
    assert.deepEqual(
      [traced.api_base, traced.hidden_params.api_base, traced.trace_id],
      ['http://gateway:8080', 'http://gateway:8080', '4bf92f3577b34da6a3ce929d0e0e4736'],
    );
    const attribution = { ...event.record.attribution, sessionId: 'session_1' };
    const record = { ...event.record, attribution };
    assert.equal(standardLoggingPayload({ ...event, record, trace: FULL_TRACE }).trace_id, 'session_1');
    assert.equal(standardLoggingPayload(event).trace_id, event.record.id);
  });

  test('a failure says why without a word of the client', () => {
    for (const [facts, text, errorClass, awsErrorType = null] of [
      [
        { outcome: 'refused', refusal: 'budgetExceeded', status: 400 },
        'The gateway refused: budgetExceeded',
        'ServiceQuotaExceededException',
      ],
      [{ outcome: 'completed', status: 429 }, 'Bedrock answered 429', ''],
      [
        { outcome: 'completed', status: 429 },
        'Bedrock answered 429 ThrottlingException',
        'ThrottlingException',
        'ThrottlingException',
      ],
      [
        { outcome: 'broken', status: 200 },
        'Bedrock ended the stream by modelStreamErrorException',
        'modelStreamErrorException',
        'modelStreamErrorException',
      ],
      [{ outcome: 'abandoned', status: 200 }, 'The client left before the end of its answer', ''],
      [{ outcome: 'broken', status: 200 }, 'The answer was cut short', ''],
      [{ outcome: 'unknown', status: null }, 'The end of the call was never heard of', ''],
    ] as const) {
      const trace = { ...NO_TRACE, awsErrorType };
      const payload = standardLoggingPayload({ record: sampleRecord(1, facts), trace, content: null });
      assert.equal(payload.status, 'failure');
      assert.equal(payload.error_str, text);
      assert.deepEqual(payload.error_information, {
        error_code: String(facts.status ?? ''),
        error_class: errorClass,
        llm_provider: 'bedrock',
        error_message: text,
      });
    }
    assert.equal(standardLoggingPayload(event).error_information, null);
  });

  test('what is unknown is never zero dollars', () => {
    const record = sampleRecord(1, { cost: { kind: 'unknown', missing: 'no price' } });
    const payload = standardLoggingPayload({ record, trace: NO_TRACE, content: null });
    assert.equal(payload.response_cost, null);
    assert.equal(payload.response_cost_failure_debug_info?.error_str, 'no price');
    const own = outcropRecord({ record, trace: NO_TRACE, content: null });
    assert.deepEqual([own.cost_usd, own.cost_missing], [null, 'no price']);
  });

  test('content that makes a payload too long for its receiver is left out, the call is not', () => {
    const long = { record: sampleRecord(1), trace: NO_TRACE, content: { request: 'ü'.repeat(6000), response: null } };
    const whole = payloadText(long, 'outcrop');
    assert.equal(boundedPayloadText(long, 'outcrop', Buffer.byteLength(whole)), whole);
    const bare = boundedPayloadText(long, 'outcrop', Buffer.byteLength(whole) - 1);
    assert.equal(bare, payloadText({ record: long.record, trace: NO_TRACE, content: null }, 'outcrop'));
  });

  test('billing has only what was used', () => {
    const tokens = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 };
    const model = 'us.amazon.nova-lite-v1:0';
    assert.deepEqual(billedUse(event.record, 'dollars'), { model, dollars: 0.001000001, ...tokens });
    const free = sampleRecord(1, { usage: usageOf(), cost: { kind: 'known', nanos: 0n } });
    assert.equal(billedUse(free, 'dollars'), null);
    const unknown = sampleRecord(1, { usage: usageOf(), cost: { kind: 'unknown', missing: 'x' } });
    const none = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
    assert.deepEqual(billedUse(unknown, 'dollars'), { model, ...none });
  });
});

describe('alerts', () => {
  const window = { kind: 'calendar', unit: 'month', count: 1 } as const;
  const budget = makeLimit({ kind: 'spend', max: 100_000_000_000, window, scope: { kind: 'team', id: 'team_a' } });
  const reached: Alert = { kind: 'limitReached', limit: budget, threshold: 80, used: 80_500_000_000, atMs: NOON_MS };

  test('a budget is told in dollars, and to the webhook in the fields of LiteLLM', () => {
    assert.equal(alertText(reached), 'The limit of team team_a on spend per month is at 80 %: $80.5 of $100.');
    const told = webhookEvent(reached);
    assert.deepEqual(
      [told.event, told.event_group, told.spend, told.max_budget, told.team_id, told.token],
      ['threshold_crossed', 'team', 80.5, 100, 'team_a', null],
    );
    assert.equal(webhookEvent({ ...reached, threshold: 100 }).event, 'budget_crossed');
    const named = { ...reached, alias: 'research' };
    assert.match(alertText(named), /^The limit of team team_a \(research\) on spend per month is at 80 %/);
    assert.deepEqual([webhookEvent(named).team_alias, webhookEvent(named).key_alias], ['research', null]);
  });

  test('a call that did not fit is no threshold', () => {
    const refused: Alert = { kind: 'limitRefused', limit: budget, amount: 5e10, used: 80_500_000_000, atMs: NOON_MS };
    assert.equal(
      alertText(refused),
      'The limit of team team_a on spend per month has refused a call that may need $50: $80.5 of $100 are used or held.',
    );
    const told = webhookEvent(refused);
    assert.deepEqual([told.event, told.event_group, told.spend, told.max_budget], ['limit_refused', 'team', 80.5, 100]);
  });

  test('a limit of requests is told in requests', () => {
    const limit = makeLimit({ kind: 'requests', max: 50, window, scope: { kind: 'all', id: '' } });
    const told = webhookEvent({ kind: 'limitReached', limit, threshold: 100, used: 50, atMs: NOON_MS });
    assert.deepEqual([told.spend, told.max_budget, told.used, told.event_group], [null, null, 50, 'proxy']);
    assert.match(told.event_message, /^The limit of everything on requests per month is at 100 %: 50 of 50\.$/);
  });

  test('every kind has words for people and a name for programs', () => {
    const kinds: readonly Alert[] = [
      { kind: 'spoolFilling', bytes: 900 * 1024 * 1024, bytesMax: 1024 * 1024 * 1024, atMs: NOON_MS },
      { kind: 'spoolCalm', atMs: NOON_MS },
      { kind: 'storeDown', forMs: 30_000, atMs: NOON_MS },
      { kind: 'storeWorking', atMs: NOON_MS },
      { kind: 'targetFailing', service: 'bedrock', region: 'us-east-1', reason: 'no connection', atMs: NOON_MS },
      { kind: 'targetWorking', service: 'bedrock', region: 'us-east-1', atMs: NOON_MS },
      { kind: 'sinkFailing', sink: 'datadog', reason: 'it answered 403', atMs: NOON_MS },
      { kind: 'sinkWorking', sink: 'datadog', atMs: NOON_MS },
      { kind: 'sinkDropping', sink: 'datadog', carries: 'alerts', reason: 'there is no room', atMs: NOON_MS },
      { kind: 'sinkRefused', sink: 'datadog', reason: 'it answered 400', atMs: NOON_MS },
    ];
    for (const alert of kinds) {
      const told = webhookEvent(alert);
      assert.match(told.event, /^[a-z]+_[a-z]+$/);
      assert.equal(told.event_message, alertText(alert));
      assert.equal(told.at, '2026-11-22T12:00:00.000Z');
      if ('sink' in alert) assert.ok(told.event_message.includes(alert.sink));
    }
  });
});
