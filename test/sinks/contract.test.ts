import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SinkEvent } from '../../src/domain/sink-event.ts';
import { sampleRecord } from '../ledger/sample-calls.ts';
import { until } from '../support/until.ts';
import { AWKWARD_EVENTS } from './awkward-events.ts';
import { type AnyReceiver, type Mood, Receiver } from './receiver.ts';
import { SINK_CASES, type SinkCase } from './sink-cases.ts';
import { SPAN_CASES } from './span-cases.ts';
import { assertStandardPayload } from './standard-payload.ts';
import { openTestSinks, settingsOf, type TestSinks, type TestSinksOptions } from './test-sinks.ts';
import { NO_TRACE } from './traces.ts';

/** Calls that every sink has something to say about. */
function noteworthy(count: number, from = 0): readonly SinkEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    record: sampleRecord(from + index, { outcome: 'broken' }),
    trace: NO_TRACE,
    content: null,
  }));
}

/** Patience without end, so that what is best effort can be watched too. */
const PATIENT: TestSinksOptions = { bounds: { patienceMs: Infinity, batchSize: 10 }, requestTimeoutMs: 100 };

interface Scene {
  readonly receiver: AnyReceiver;
  readonly sinks: TestSinks;
}

async function open(sinkCase: SinkCase, options: TestSinksOptions = {}, away = false): Promise<Scene> {
  const receiver = sinkCase.receiver?.() ?? new Receiver(sinkCase.answering);
  await receiver.start();
  const settings = settingsOf(sinkCase.name, sinkCase.options(receiver));
  if (away) await receiver.stop();
  return { receiver, sinks: await openTestSinks([settings], options) };
}

async function end({ receiver, sinks }: Scene): Promise<void> {
  await sinks.kill();
  await receiver.stop();
}

function accept(sinks: TestSinks, events: readonly SinkEvent[]): void {
  for (const event of events) sinks.accept(event);
}

function assertAllThere(sinkCase: SinkCase, receiver: AnyReceiver, events: readonly SinkEvent[]): void {
  const ids = new Set(receiver.received.flatMap((request) => sinkCase.idsOf(request)));
  assert.deepEqual([...ids].sort(), events.map(({ record }) => record.id).sort());
}

for (const sinkCase of [...SINK_CASES, ...SPAN_CASES]) {
  const { name, delivery, takes = () => true, countsAll = false } = sinkCase;

  describe(`the sink ${name}`, () => {
    test('brings its receiver every call, field by field, as the receiver wants it', async () => {
      const scene = await open(sinkCase);
      const { receiver, sinks } = scene;
      const wanted = AWKWARD_EVENTS.filter(takes);
      accept(sinks, AWKWARD_EVENTS);
      await until(() => sinks.one().delivered === (countsAll ? AWKWARD_EVENTS : wanted).length);
      const events = new Map(wanted.map((event) => [event.record.id, event]));
      for (const request of receiver.received) {
        await sinkCase.verify(request);
        sinkCase.compare(request, events);
      }
      assertAllThere(sinkCase, receiver, wanted);
      assert.equal(sinks.one().delivery, delivery);
      assert.equal(sinks.one().refused, 0);
      await end(scene);
    });

    const { payloadsOf } = sinkCase;
    if (payloadsOf !== undefined) {
      test('sends LiteLLM’s payload unless it is told otherwise', async () => {
        const byDefault = (receiver: AnyReceiver) => {
          const { format, ...options } = sinkCase.options(receiver);
          assert.equal(format, 'outcrop');
          return options;
        };
        const scene = await open({ ...sinkCase, options: byDefault });
        const { receiver, sinks } = scene;
        accept(sinks, AWKWARD_EVENTS);
        await until(() => sinks.one().delivered === AWKWARD_EVENTS.length);
        const events = new Map(AWKWARD_EVENTS.map((event) => [event.record.id, event]));
        const payloads = receiver.received.flatMap((request) => payloadsOf(request));
        assert.equal(payloads.length, AWKWARD_EVENTS.length);
        for (const payload of payloads) assertStandardPayload(payload, events);
        await end(scene);
      });
    }

    const moods: readonly Mood[] = ['error', 'reset', 'silent', 'trickle'];
    for (const mood of moods) {
      test(`goes on without a gap when its receiver is well again after: ${mood}`, async () => {
        const scene = await open(sinkCase, PATIENT);
        const { receiver, sinks } = scene;
        const events = noteworthy(25);
        receiver.mood = mood;
        accept(sinks, events);
        await until(() => sinks.one().failing);
        assert.match(
          sinks.one().lastError?.message ?? '',
          /^it (?:answered (?:500|KAFKA_STORAGE_ERROR)|can not be reached|did not answer)/,
        );
        receiver.mood = 'well';
        await until(() => sinks.one().delivered === events.length);
        assertAllThere(sinkCase, receiver, events);
        assert.equal(sinks.one().failing, false);
        assert.equal(sinks.one().dropped, 0);
        await end(scene);
      });
    }

    test('catches up when its receiver was away from the beginning, and says so once', async () => {
      const scene = await open(sinkCase, PATIENT, true);
      const { receiver, sinks } = scene;
      const events = noteworthy(35);
      accept(sinks, events);
      await until(() => sinks.one().failing && sinks.lines.some(({ message }) => /does not answer yet/.test(message)));
      await receiver.start();
      await until(() => sinks.one().delivered === events.length);
      assertAllThere(sinkCase, receiver, events);
      const told = sinks.lines.map(({ message }) => message).filter((message) => !message.includes('does not answer'));
      assert.deepEqual(told, ['a sink takes nothing: trying again until it does', 'a sink works again']);
      assert.ok(sinks.lines.every(({ facts }) => facts['sink'] === name));
      await end(scene);
    });

    if (delivery === 'at-least-once') {
      test('loses nothing when the gateway ends while the receiver is away', async () => {
        const scene = await open(sinkCase, PATIENT, true);
        const events = noteworthy(25);
        accept(scene.sinks, events);
        await until(() => scene.sinks.one().failing);
        await scene.sinks.kill();
        await scene.receiver.start();
        const settings = settingsOf(name, sinkCase.options(scene.receiver));
        const next = await openTestSinks([settings], { ...PATIENT, dataDir: scene.sinks.dataDir });
        const later = noteworthy(5, 100);
        accept(next, later);
        await until(() => next.one().delivered === events.length + later.length);
        assertAllThere(sinkCase, scene.receiver, [...events, ...later]);
        await end({ receiver: scene.receiver, sinks: next });
      });
    } else {
      test('gives up a batch that was tried too often, and starts afresh', async () => {
        const scene = await open(sinkCase, { bounds: { patienceMs: 5 } });
        const { receiver, sinks } = scene;
        receiver.mood = 'error';
        accept(sinks, noteworthy(5));
        await until(() => sinks.one().dropped === 5);
        receiver.mood = 'well';
        const later = noteworthy(5, 100);
        accept(sinks, later);
        await until(() => sinks.one().delivered === 5);
        assertAllThere(sinkCase, receiver, later);
        assert.equal(sinks.one().queued, 0);
        await end(scene);
      });
    }
  });
}
