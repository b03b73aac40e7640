import { z } from 'zod';
import { boundedPayloadText } from '../domain/payloads/payload-format.ts';
import { defineSink, SinkSettingsError } from './define-sink.ts';
import { deliverInParts } from './in-parts.ts';
import { createKafkaSender, type KafkaCluster, type KafkaMessage } from './kafka-producer.ts';
import { flagIfGiven, payloadFormat, text } from './options.ts';
import { partsWithin } from './parts-within.ts';
import { ALL_TAKEN } from './sink.ts';

/**
 * What a broker takes unless told otherwise is 1 MiB for a batch, counted with 61 bytes of its own and some for each record
 * (`message.max.bytes`, https://kafka.apache.org/documentation/#brokerconfigs_message.max.bytes).
 */
const PART_BYTES_MAX = 1_000_000;
const BYTES_EACH = 100;
const AT_ONCE_MAX = 4;
const BROKERS_MAX = 50;
const DEFAULT_PORT = 9092;

const MECHANISMS = { plain: 'PLAIN', 'scram-sha-256': 'SCRAM-SHA-256', 'scram-sha-512': 'SCRAM-SHA-512' } as const;

const BROKER = /^(?:\[(?<v6>[0-9A-Fa-f:.]+)\]|(?<host>[A-Za-z0-9._-]+))(?::(?<port>\d{1,5}))?$/;

const brokers = z
  .union([z.array(z.string()), z.string().transform((list) => list.split(','))])
  .transform((list) => list.map((each) => brokerOf(each.trim())).filter((each) => each !== 'nothing'))
  .pipe(
    z
      .array(
        z.object(
          { host: z.string(), port: z.int().min(1).max(65_535) },
          { error: 'must be hosts with ports such as kafka-1:9092' },
        ),
      )
      .min(1)
      .max(BROKERS_MAX),
  );

/** Records in a topic of Kafka, or of whatever speaks its protocol, a call each. */
export const sink = defineSink({
  about: 'records in Apache Kafka (needs @platformatic/kafka)',
  delivery: 'at-least-once',
  options: z.strictObject({
    kafka_brokers: brokers,
    kafka_topic: text.regex(/^[A-Za-z0-9._-]{1,249}$/, 'must be the name of a topic'),
    kafka_client_id: text
      .regex(/^[A-Za-z0-9._-]{1,200}$/, 'must be letters, digits, ".", "_" and "-"')
      .default('outcrop'),
    /** What chooses the partition. Calls without a key, which are those of the master key, go to any. */
    kafka_message_key: z.enum(['request_id', 'key_id']).default('request_id'),
    kafka_sasl_mechanism: z
      .string()
      .toLowerCase()
      .pipe(z.enum(['plain', 'scram-sha-256', 'scram-sha-512']))
      .optional(),
    kafka_sasl_username: text.optional(),
    kafka_sasl_password: text.optional(),
    /** Unless told otherwise, where there is a password to protect. */
    kafka_tls: flagIfGiven,
    kafka_compression: z.enum(['none', 'gzip']).default('none'),
    format: payloadFormat('litellm'),
  }),
  variables: {
    kafka_brokers: ['KAFKA_BROKERS', 'KAFKA_BOOTSTRAP_SERVERS'],
    kafka_topic: ['KAFKA_TOPIC'],
    kafka_client_id: ['KAFKA_CLIENT_ID'],
    kafka_sasl_mechanism: ['KAFKA_SASL_MECHANISM'],
    kafka_sasl_username: ['KAFKA_SASL_USERNAME'],
    kafka_sasl_password: ['KAFKA_SASL_PASSWORD'],
    kafka_tls: ['KAFKA_TLS'],
    kafka_compression: ['KAFKA_COMPRESSION'],
  },
  secrets: ['kafka_sasl_password'],
  open: async (options, { requestTimeoutMs }) => {
    const { kafka_brokers: all, kafka_topic: topic, kafka_message_key: keyedBy, format } = options;
    const sasl = saslOf(options.kafka_sasl_mechanism, options.kafka_sasl_username, options.kafka_sasl_password);
    const sender = await createKafkaSender({
      brokers: all,
      clientId: options.kafka_client_id,
      tls: options.kafka_tls ?? sasl !== null,
      sasl,
      compression: options.kafka_compression,
      requestTimeoutMs,
    });
    const [{ host, port } = { host: 'localhost', port: DEFAULT_PORT }] = all;
    return {
      kind: 'lines',
      reaches: new URL(`kafka://${host.includes(':') ? `[${host}]` : host}:${port}`),
      encode: (event) => {
        const { id, startedAtMs, attribution } = event.record;
        const key = keyedBy === 'request_id' ? id : attribution.keyId;
        return `${JSON.stringify([key, startedAtMs])}\n${boundedPayloadText(event, format, PART_BYTES_MAX - BYTES_EACH)}`;
      },
      deliver: (lines, signal) => {
        const parts = partsWithin(lines, { itemsMax: Infinity, bytesMax: PART_BYTES_MAX, bytesEach: BYTES_EACH });
        return deliverInParts(lines, parts, AT_ONCE_MAX, async (part) => {
          await sender.send(topic, part.map(messageOf), signal);
          return ALL_TAKEN;
        });
      },
      close: () => sender.close(),
    };
  },
});

function brokerOf(given: string): { host: string; port: number } | 'nothing' | null {
  if (given === '') return 'nothing';
  const { v6, host = v6, port } = BROKER.exec(given)?.groups ?? {};
  return host === undefined ? null : { host, port: port === undefined ? DEFAULT_PORT : Number(port) };
}

function saslOf(
  mechanism: keyof typeof MECHANISMS | undefined,
  username: string | undefined,
  password: string | undefined,
): KafkaCluster['sasl'] {
  if (mechanism === undefined && username === undefined && password === undefined) return null;
  if (mechanism !== undefined && username !== undefined && password !== undefined) {
    return { mechanism: MECHANISMS[mechanism], username, password };
  }
  throw new SinkSettingsError(['kafka_sasl_mechanism, kafka_sasl_username and kafka_sasl_password go together']);
}

const linesHead = z.tuple([z.string().nullable(), z.number()]);

/** The key and the time go before the payload, which is not read again. */
function messageOf(line: string): KafkaMessage {
  const end = line.indexOf('\n');
  const [key, atMs] = linesHead.parse(JSON.parse(line.slice(0, end)));
  return { key, value: line.slice(end + 1), atMs };
}
