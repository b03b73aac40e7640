import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { sampleRecord } from '../ledger/sample-calls.ts';
import { until } from '../support/until.ts';
import { verifySignature } from './aws-receiver.ts';
import { type Answering, Receiver } from './receiver.ts';
import { openTestSinks, sampleEvent, sampleEvents, settingsOf, type TestSinksOptions } from './test-sinks.ts';
import { NO_TRACE } from './traces.ts';

async function withSink(
  name: string,
  optionsOf: (receiver: Receiver) => Readonly<Record<string, unknown>>,
  answering: Answering,
  work: (scene: { receiver: Receiver; sinks: Awaited<ReturnType<typeof openTestSinks>> }) => Promise<void>,
  options: TestSinksOptions = {},
): Promise<void> {
  const receiver = new Receiver(answering);
  await receiver.start();
  const sinks = await openTestSinks([settingsOf(name, optionsOf(receiver))], options);
  try {
    await work({ receiver, sinks });
  } finally {
    await sinks.kill();
    await receiver.stop();
  }
}

const messages = z.object({ Entries: z.array(z.object({ Id: z.string(), MessageBody: z.string() })) });

describe('what receivers answer', () => {
  test('SQS takes some messages of a batch: those it failed with go again, those that are wrong do not', async () => {
    const bodies: string[] = [];
    const answering: Answering = ({ text }) => {
      const { Entries } = messages.parse(JSON.parse(text));
      const isFirst = bodies.length === 0;
      const failed = Entries.flatMap(({ Id, MessageBody }, place) => {
        if (isFirst && place === 1) return [{ Id, Code: 'InternalError', SenderFault: false }];
        if (isFirst && place === 2) return [{ Id, Code: 'InvalidMessageContents', SenderFault: true }];
        bodies.push(MessageBody);
        return [];
      });
      return { status: 200, body: JSON.stringify({ Successful: [], Failed: failed }) };
    };
    const options = ({ origin }: Receiver) => ({ sqs_region_name: 'us-east-1', sqs_queue_url: `${origin}/0/calls` });
    await withSink('aws_sqs', options, answering, async ({ sinks }) => {
      for (const event of sampleEvents(5)) sinks.accept(event);
      await until(() => sinks.one().delivered === 4);
      assert.equal(bodies.length, 4);
      assert.equal(new Set(bodies).size, 4);
      assert.equal(sinks.one().refused, 1);
      assert.match(sinks.one().lastError?.message ?? '', /InternalError|InvalidMessageContents/);
    });
  });

  test('a FIFO queue gets a group, and an id by which it knows a message that comes twice', async () => {
    const fifo = z.object({
      Entries: z.array(z.object({ MessageGroupId: z.string(), MessageDeduplicationId: z.string().length(64) })),
    });
    const answering: Answering = () => ({ status: 200, body: '{}' });
    const options = ({ origin }: Receiver) => ({
      sqs_region_name: 'us-east-1',
      sqs_queue_url: `${origin}/0/calls.fifo`,
    });
    await withSink('aws_sqs', options, answering, async ({ sinks, receiver }) => {
      for (const event of sampleEvents(25)) sinks.accept(event);
      await until(() => sinks.one().delivered === 25);
      const ids = receiver.received.flatMap(({ text }) =>
        fifo.parse(JSON.parse(text)).Entries.map(({ MessageDeduplicationId }) => MessageDeduplicationId),
      );
      assert.equal(new Set(ids).size, 25);
    });
  });

  test('Firehose takes some records of a batch: the others go again', async () => {
    let tries = 0;
    const answering: Answering = () => {
      tries += 1;
      const RequestResponses =
        tries === 1 ? [{ RecordId: '1' }, { ErrorCode: 'ServiceUnavailableException' }, { RecordId: '3' }] : [{}];
      return { status: 200, body: JSON.stringify({ FailedPutCount: tries === 1 ? 1 : 0, RequestResponses }) };
    };
    const options = ({ origin }: Receiver) => ({
      firehose_region_name: 'us-east-1',
      firehose_stream_name: 'calls',
      firehose_endpoint_url: origin,
    });
    await withSink('firehose', options, answering, async ({ sinks, receiver }) => {
      for (const event of sampleEvents(3)) sinks.accept(event);
      await until(() => sinks.one().delivered === 3);
      const counts = receiver.received.map(({ text }) =>
        z.object({ Records: z.array(z.json()) }).parse(JSON.parse(text)),
      );
      assert.deepEqual(
        counts.map(({ Records }) => Records.length),
        [3, 1],
      );
    });
  });

  test('CloudWatch has no such stream yet: it is made', async () => {
    const called: string[] = [];
    const answering: Answering = ({ headers }) => {
      const operation = String(headers['x-amz-target']).split('.')[1] ?? '';
      const wasMade = called.includes('CreateLogStream');
      called.push(operation);
      if (operation === 'CreateLogGroup') {
        return { status: 400, body: '{"__type":"ResourceAlreadyExistsException","message":"it is there"}' };
      }
      if (operation === 'PutLogEvents' && !wasMade) {
        return { status: 400, body: '{"__type":"com.amazonaws.logs#ResourceNotFoundException"}' };
      }
      return { status: 200, body: '{}' };
    };
    const options = ({ origin }: Receiver) => ({
      cloudwatch_region_name: 'us-east-1',
      cloudwatch_log_group: '/outcrop',
      cloudwatch_endpoint_url: origin,
    });
    await withSink('cloudwatch', options, answering, async ({ sinks }) => {
      sinks.accept(sampleEvent(1));
      await until(() => sinks.one().delivered === 1);
      assert.deepEqual(called, ['PutLogEvents', 'CreateLogGroup', 'CreateLogStream', 'PutLogEvents']);
      assert.equal(sinks.one().lastError, null);
    });
  });

  test('CloudWatch leaves out events that are too old: they are counted as refused', async () => {
    const answering: Answering = () => ({
      status: 200,
      body: '{"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":2}}',
    });
    const options = ({ origin }: Receiver) => ({
      cloudwatch_region_name: 'us-east-1',
      cloudwatch_log_group: '/outcrop',
      cloudwatch_endpoint_url: origin,
    });
    await withSink('cloudwatch', options, answering, async ({ sinks }) => {
      for (const event of sampleEvents(5)) sinks.accept(event);
      await until(() => sinks.one().delivered === 3);
      assert.equal(sinks.one().refused, 2);
    });
  });

  test('Lago knows an event already: it counts as taken, one that it does not want is put aside, the others go', async () => {
    const taken: string[] = [];
    const events = z.object({ events: z.array(z.object({ transaction_id: z.string() })) });
    const known = sampleRecord(1).id;
    const unwanted = sampleRecord(2).id;
    const answering: Answering = ({ text }) => {
      const ids = events.parse(JSON.parse(text)).events.map(({ transaction_id: id }) => id);
      const details: Record<string, Record<string, string[]>> = {};
      for (const [place, id] of ids.entries()) {
        if (id === known) details[String(place)] = { transaction_id: ['value_already_exist'] };
        if (id === unwanted) details[String(place)] = { external_subscription_id: ['not_found'] };
      }
      if (Object.keys(details).length > 0) {
        return {
          status: 422,
          body: JSON.stringify({ status: 422, code: 'validation_errors', error_details: details }),
        };
      }
      taken.push(...ids);
      return { status: 200 };
    };
    const options = ({ origin }: Receiver) => ({
      api_base: origin,
      api_key: 'k',
      event_code: 'c',
      charge_by: 'user_id',
    });
    await withSink('lago', options, answering, async ({ sinks }) => {
      for (const event of sampleEvents(4)) sinks.accept(event);
      await until(() => sinks.one().delivered === 3);
      assert.deepEqual(taken, [sampleRecord(0).id, sampleRecord(3).id]);
      assert.equal(sinks.one().refused, 1);
      assert.ok(!sinks.lines.some(({ message }) => message.includes('takes nothing')));
    });
  });

  test('what can be mended at the receiver is tried again, also where AWS answers 400', async () => {
    for (const [status, body, code] of [
      [400, '{"__type":"ExpiredTokenException"}', 'ExpiredTokenException'],
      [403, '{"message":"no"}', ''],
      [404, '', ''],
      [429, '', ''],
    ] as const) {
      const answers = [
        { status, body },
        { status: 200, body: '{}' },
      ];
      const answering: Answering = () => answers.shift() ?? { status: 200, body: '{}' };
      const options = ({ origin }: Receiver) => ({ sqs_region_name: 'us-east-1', sqs_queue_url: `${origin}/0/calls` });
      await withSink('aws_sqs', options, answering, async ({ sinks }) => {
        sinks.accept(sampleEvent(1));
        await until(() => sinks.one().delivered === 1);
        assert.equal(sinks.one().lastError?.message, `it answered ${status}${code === '' ? '' : ` ${code}`}`);
        assert.equal(sinks.one().refused, 0);
      });
    }
  });

  test('a receiver that says when to come again is left alone until then', async () => {
    const times: number[] = [];
    const answering: Answering = () => {
      times.push(performance.now());
      return times.length === 1 ? { status: 503, headers: { 'retry-after': '1' } } : { status: 200 };
    };
    await withSink(
      'generic_api',
      ({ origin }) => ({ endpoint: origin }),
      answering,
      async ({ sinks }) => {
        sinks.accept(sampleEvent(1));
        await until(() => sinks.one().delivered === 1);
        const [first = 0, second = 0] = times;
        assert.ok(second - first >= 990, `came again after ${second - first} ms`);
      },
    );
  });

  test('a redirect is not followed: no receiver sends calls elsewhere', async () => {
    const elsewhere = new Receiver();
    await elsewhere.start();
    const answering: Answering = () => ({ status: 307, headers: { location: elsewhere.origin } });
    await withSink(
      'generic_api',
      ({ origin }) => ({ endpoint: origin }),
      answering,
      async ({ sinks }) => {
        sinks.accept(sampleEvent(1));
        await until(() => sinks.one().failing);
        assert.equal(sinks.one().lastError?.message, 'it answered 307');
      },
    );
    assert.equal(elsewhere.tries, 0);
    await elsewhere.stop();
  });

  test('one call that a receiver will never take is found, put aside, and holds up no other', async () => {
    const bad = sampleRecord(13).id;
    const seen = new Set<string>();
    const answering: Answering = ({ text }) => {
      if (text.includes(bad)) return { status: 400, body: 'I echo what I got' };
      for (const { id } of z.array(z.object({ id: z.string() })).parse(JSON.parse(text))) seen.add(id);
      return { status: 200 };
    };
    await withSink(
      'generic_api',
      ({ origin }) => ({ endpoint: origin }),
      answering,
      async ({ sinks }) => {
        for (const event of sampleEvents(40)) sinks.accept(event);
        await until(() => sinks.one().delivered === 39);
        assert.equal(seen.size, 39);
        assert.equal(sinks.one().refused, 1);
        const rejected = await readFile(`${sinks.dataDir}/outbox/generic_api/rejected.ndjson`, 'utf8');
        assert.equal(z.object({ id: z.string() }).parse(JSON.parse(rejected)).id, bad);
        assert.deepEqual(
          sinks.lines.map(({ level, message }) => `${level} ${message}`),
          ['error the receiver of a sink refuses call records for good'],
        );
      },
    );
  });
});

describe('forms of a request', () => {
  test('generic_api sends lines, or each call by itself, if that is wanted, and only the events that are', async () => {
    for (const [form, count] of [
      ['ndjson', 1],
      ['single', 3],
    ] as const) {
      const options = ({ origin }: Receiver) => ({
        endpoint: origin,
        log_format: form,
        event_types: ['llm_api_success'],
      });
      await withSink(
        'generic_api',
        options,
        () => ({ status: 202 }),
        async ({ sinks, receiver }) => {
          for (const event of sampleEvents(3)) sinks.accept(event);
          sinks.accept({ record: sampleRecord(4, { status: 500 }), trace: NO_TRACE, content: null });
          await until(() => sinks.one().delivered === 3);
          assert.equal(receiver.received.length, count);
          const ids = receiver.received
            .flatMap(({ text }) => text.split('\n'))
            .map((line) => z.object({ id: z.string() }).parse(JSON.parse(line)).id);
          assert.deepEqual(
            ids.sort(),
            [0, 1, 2].map((index) => sampleRecord(index).id),
          );
        },
        { bounds: { flushIntervalMs: 60 } },
      );
    }
  });

  test('an AWS sink with keys of its own signs with those, session token included', async () => {
    const keys = { accessKeyId: 'AKIAOWN', secretAccessKey: 'own-secret', sessionToken: 'own-token' };
    const options = ({ origin }: Receiver) => ({
      s3_region_name: 'eu-central-1',
      s3_bucket_name: 'logs',
      s3_endpoint_url: origin,
      s3_aws_access_key_id: keys.accessKeyId,
      s3_aws_secret_access_key: keys.secretAccessKey,
      s3_aws_session_token: keys.sessionToken,
    });
    await withSink(
      's3_v2',
      options,
      () => ({ status: 200 }),
      async ({ sinks, receiver }) => {
        sinks.accept(sampleEvent(1));
        await until(() => sinks.one().delivered === 1);
        const [request] = receiver.received;
        assert.ok(request !== undefined);
        assert.equal(request.headers['x-amz-security-token'], 'own-token');
        await verifySignature(request, 's3', 'eu-central-1', keys);
      },
    );
  });
});
