import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import path from 'node:path';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { SinkSettingsError } from '../../src/sinks/define-sink.ts';
import { prepareSinks } from '../../src/sinks/prepare-sinks.ts';
import { trySink } from '../../src/sinks/try-sink.ts';
import { needs } from '../support/needs.ts';
import { createTrust, makeSelfSigned } from '../support/self-signed.ts';
import { until } from '../support/until.ts';
import { listen } from './bare-port.ts';
import { KAFKA_ERRORS, KAFKA_TOPIC, KafkaBroker, type KafkaBrokerOptions } from './kafka-broker.ts';
import { crc32c } from './kafka-wire.ts';
import { testContext } from './otel-collector.ts';
import { openTestSinks, sampleEvent, sampleEvents, settingsOf, type TestSinksOptions } from './test-sinks.ts';

const LOGIN = { username: 'outcrop', password: 'open sesame' };
const SASL = {
  kafka_sasl_mechanism: 'PLAIN',
  kafka_sasl_username: LOGIN.username,
  kafka_sasl_password: LOGIN.password,
};

const recordsShape = z.array(z.object({ key: z.string().nullable(), value: z.string() }));

const open = (port: number, more: Record<string, unknown> = {}, options: TestSinksOptions = {}) =>
  openTestSinks(
    [settingsOf('kafka', { kafka_brokers: [`127.0.0.1:${port}`], kafka_topic: KAFKA_TOPIC, ...more })],
    options,
  );

async function started(options: KafkaBrokerOptions = {}): Promise<KafkaBroker> {
  const broker = new KafkaBroker(options);
  await broker.start();
  return broker;
}

const keysIn = (broker: KafkaBroker) =>
  broker.received.flatMap(({ text, partition }) =>
    recordsShape.parse(JSON.parse(text)).map(({ key }) => ({ key, partition })),
  );

describe('the library for Kafka', () => {
  test('that is not installed is told at start, with what to install', async () => {
    const hooks = registerHooks({
      resolve: (name, context, next) => {
        if (name !== '@platformatic/kafka') return next(name, context);
        throw Object.assign(new Error(`Cannot find package '${name}'`), { code: 'ERR_MODULE_NOT_FOUND' });
      },
    });
    try {
      await assert.rejects(open(9092), (error: unknown) => {
        assert.ok(error instanceof SinkSettingsError);
        assert.match(error.message, /^sink kafka: it needs the package @platformatic\/kafka, .*npm install @platform/);
        return true;
      });
    } finally {
      hooks.deregister();
    }
  });
});

describe('records in Kafka', () => {
  test('the broker of these tests checks what it gets by the checksum that Kafka has', () => {
    // RFC 3720, B.4.
    assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
    assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa);
  });

  test('are in LiteLLM’s format and spread over the partitions, unless their key is that of the virtual key', async () => {
    const broker = await started();
    const sinks = await open(broker.port);
    for (const event of sampleEvents(30)) sinks.accept(event);
    await until(() => sinks.one().delivered === 30);
    assert.ok(new Set(keysIn(broker).map(({ partition }) => partition)).size > 1);
    assert.match(broker.received[0]?.text ?? '', /allm_passthrough_route/);
    await sinks.kill();

    const byKey = await started();
    const others = await open(byKey.port, { kafka_message_key: 'key_id' });
    for (const event of sampleEvents(30)) {
      others.accept({
        ...event,
        record: { ...event.record, attribution: { ...event.record.attribution, keyId: 'k' } },
      });
    }
    await until(() => others.one().delivered === 30);
    assert.deepEqual([...new Set(keysIn(byKey).map(({ key }) => key))], ['k']);
    assert.equal(new Set(keysIn(byKey).map(({ partition }) => partition)).size, 1);
    await others.kill();
  });

  test('go in batches that a broker takes, and one too large for it is found among the others', async () => {
    const broker = await started();
    const bad = sampleEvent(13).record.id;
    const long = 'x'.repeat(200_000);
    broker.errorFor = (records) => {
      assert.ok(records.reduce((sum, { value }) => sum + value.length, 0) <= 1_000_000);
      return records.some(({ key }) => key === bad) ? KAFKA_ERRORS.messageTooLarge : 0;
    };
    const sinks = await open(broker.port, { format: 'outcrop' });
    for (let count = 0; count < 20; count += 1) sinks.accept(sampleEvent(count, { request: long, response: null }));
    await until(() => sinks.one().delivered + sinks.one().refused === 20);
    assert.equal(sinks.one().refused, 1);
    assert.equal(sinks.one().lastError?.message, 'it answered MESSAGE_TOO_LARGE');
    assert.deepEqual(
      [...new Set(keysIn(broker).map(({ key }) => String(key)))].sort(),
      sampleEvents(20)
        .map(({ record }) => record.id)
        .filter((id) => id !== bad)
        .sort(),
    );
    const told = JSON.stringify([sinks.state(), sinks.lines]);
    assert.doesNotMatch(told, /canary-5f1d/);
    await sinks.kill();
  });

  test('for a topic that is not there are told so, and none is made', async () => {
    const broker = await started();
    const sinks = await open(broker.port, { kafka_topic: 'not-there' });
    sinks.accept(sampleEvent(1));
    await until(() => sinks.one().failing);
    assert.equal(sinks.one().lastError?.message, 'it answered UNKNOWN_TOPIC_OR_PARTITION');
    await sinks.kill();
  });

  test('go to the next broker when the first is away', async () => {
    const [away, broker] = [await started(), await started()];
    await away.stop();
    const sinks = await open(0, { kafka_brokers: ` 127.0.0.1:${away.port} , 127.0.0.1:${broker.port}` });
    sinks.accept(sampleEvent(1));
    await until(() => sinks.one().delivered === 1);
    await sinks.kill();
  });

  test('are broken off when the gateway ends', async () => {
    const broker = await started();
    broker.mood = 'silent';
    const sinks = await open(broker.port);
    sinks.accept(sampleEvent(1));
    await until(() => sinks.one().queued === 1);
    const startedMs = performance.now();
    await sinks.kill();
    assert.ok(performance.now() - startedMs < 1500);
  });

  test('whatever somebody says who is no broker is a failure of this sink alone', async () => {
    const answers = [
      Buffer.alloc(64),
      Buffer.from([0, 0, 0, 1, 0, 0]),
      Buffer.alloc(64, 0xff),
      Buffer.from([0x15, 3, 3, 0, 2, 2, 40]),
      Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
      Buffer.from([0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0]),
      Buffer.from([0, 0, 0, 4, 0, 0, 0, 99]),
      ...Array.from({ length: 10 }, () => Buffer.concat([Buffer.from([0, 0, 0]), randomBytes(40)])),
    ];
    for (const answer of answers) {
      const port = await listen((socket) => socket.on('data', () => socket.write(answer)));
      const sinks = await open(port, {}, { requestTimeoutMs: 100 });
      sinks.accept(sampleEvent(1));
      await until(() => sinks.one().failing);
      assert.match(sinks.one().lastError?.message ?? '', /^it /, answer.toString('hex'));
      await sinks.kill();
    }
  });

  test('settings that do not go together, and what is no broker, are told without values', async () => {
    const table = [
      [{ kafka_brokers: 'secret:port' }, /kafka_brokers .*: must be hosts with ports/],
      [{ kafka_brokers: 'a:1/secret' }, /kafka_brokers .*: must be hosts with ports/],
      [{ kafka_brokers: ' , ' }, /kafka_brokers/],
      [{ kafka_brokers: 'a:99999' }, /kafka_brokers/],
      [{ kafka_topic: 'secret/..' }, /kafka_topic .*: must be the name of a topic/],
      [{ kafka_sasl_password: 'secret' }, /kafka_sasl_mechanism, kafka_sasl_username and kafka_sasl_password go/],
      [{ ...SASL, kafka_sasl_mechanism: 'secret' }, /kafka_sasl_mechanism/],
      [{ kafka_compression: 'secret' }, /kafka_compression/],
    ] as const;
    for (const [more, expected] of table) {
      await assert.rejects(open(9092, more), (error: unknown) => {
        assert.ok(error instanceof SinkSettingsError);
        assert.match(error.message, expected);
        assert.doesNotMatch(error.message, /secret|sesame/);
        return true;
      });
    }
    for (const brokers of ['kafka', 'kafka-1:9092,kafka-2', '[::1]:9092']) {
      const [entry] = await prepareSinks([settingsOf('kafka', { kafka_brokers: brokers, kafka_topic: 'a' })], {});
      const context = testContext('kafka');
      const sink = await entry?.prepared.open(context);
      assert.match(sink?.reaches?.href ?? '', /^kafka:\/\/[^/]+:9092$/);
      await sink?.close?.();
      await context.end();
    }
  });
});

describe('Kafka with a login', () => {
  test('takes who has the password; a trial with a wrong one tells it, and no password', async () => {
    const broker = await started({ login: LOGIN });
    const sinks = await open(broker.port, { ...SASL, kafka_tls: 'false' });
    sinks.accept(sampleEvent(1));
    await until(() => sinks.one().delivered === 1);
    await sinks.kill();

    const options = { ...SASL, kafka_sasl_password: 'canary-5f1d', kafka_tls: false };
    const others = await open(broker.port, options);
    others.accept(sampleEvent(1));
    await until(() => others.one().failing);
    const kept = readdirSync(others.dataDir, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.seg'))
      .map((name) => readFileSync(path.join(others.dataDir, name), 'utf8'));
    assert.equal(kept.length, 1);
    assert.doesNotMatch(JSON.stringify([others.state(), others.lines, kept]), /canary-5f1d|sesame/);
    await others.kill();
    const of = { kafka_brokers: `127.0.0.1:${broker.port}`, kafka_topic: KAFKA_TOPIC };
    const [entry] = await prepareSinks([settingsOf('kafka', { ...of, ...options })], {});
    assert.ok(entry !== undefined);
    const context = testContext('kafka');
    const trial = await trySink(entry, context, 'sample');
    await context.end();
    assert.deepEqual(trial, { taken: false, reason: 'it answered SASL_AUTHENTICATION_FAILED', exchanged: [] });
  });
});

describe('Kafka over TLS', needs('openssl'), () => {
  const made = makeSelfSigned();
  const tls = { cert: made.certificate, key: readFileSync(made.keyFile, 'utf8') };
  made.remove();
  const trust = createTrust(made.certificate);

  test('is what a password goes through unless told otherwise', async () => {
    trust(true);
    const broker = await started({ tls, login: LOGIN });
    const sinks = await open(broker.port, SASL);
    sinks.accept(sampleEvent(1));
    await until(() => sinks.one().delivered === 1);
    await sinks.kill();

    const heard: Buffer[] = [];
    const plain = await listen((socket) => void socket.on('data', (piece) => heard.push(piece)));
    const others = await open(plain, SASL, { requestTimeoutMs: 200 });
    others.accept(sampleEvent(1));
    await until(() => others.one().failing);
    assert.ok(heard.length > 0);
    assert.doesNotMatch(Buffer.concat(heard).toString('latin1'), /outcrop|sesame/);
    await others.kill();
  });

  test('with a certificate that nobody vouches for gets nothing, and the reason is told', async () => {
    trust(false);
    const broker = await started({ tls });
    const sinks = await open(broker.port, { kafka_tls: true });
    sinks.accept(sampleEvent(1));
    await until(() => sinks.one().failing);
    assert.equal(sinks.one().lastError?.message, 'it can not be reached (DEPTH_ZERO_SELF_SIGNED_CERT)');
    assert.equal(broker.tries, 0);
    await sinks.kill();
  });

  test('that is wanted by the broker and not by the settings is told', async () => {
    const broker = await started({ tls });
    const sinks = await open(broker.port, { kafka_tls: false });
    sinks.accept(sampleEvent(1));
    await until(() => sinks.one().failing);
    assert.match(sinks.one().lastError?.message ?? '', /^it (?:answered that it wants TLS|can not be reached)/);
    await sinks.kill();
  });
});
