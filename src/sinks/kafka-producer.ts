import { isIP } from 'node:net';
import type { Producer, TimeoutError } from '@platformatic/kafka';
import { DeliveryFault } from './delivery-fault.ts';
import { SinkSettingsError } from './define-sink.ts';
import { inTime, noAnswerWithin } from './in-time.ts';
import { guardConnections } from './kafka-guard.ts';

export interface KafkaMessage {
  /** Null: any partition will do. */
  readonly key: string | null;
  readonly value: string;
  readonly atMs: number;
}

export interface KafkaCluster {
  readonly brokers: readonly { readonly host: string; readonly port: number }[];
  readonly clientId: string;
  readonly tls: boolean;
  readonly sasl: {
    readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
    readonly username: string;
    readonly password: string;
  } | null;
  readonly compression: 'none' | 'gzip';
  readonly requestTimeoutMs: number;
}

export interface KafkaSender {
  /**
   * Resolves when all replicas that are in sync have all messages.
   * @throws DeliveryFault; of messages in several partitions some may have been taken nevertheless
   */
  send(topic: string, messages: readonly KafkaMessage[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 5000;
const CLOSE_TIMEOUT_MS = 500;

/** https://kafka.apache.org/protocol#protocol_error_codes: what is wrong with the messages themselves. */
const REFUSALS: ReadonlySet<string> = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
]);

/** The library says these in words alone. */
const UNKNOWN_TOPIC = 'UNKNOWN_TOPIC_OR_PARTITION';
const TLS_WANTED = 'Broker requires TLS.';

/** Codes of the library that only say that there is a cause, or none. */
const SAYS_NOTHING: ReadonlySet<string> = new Set(['PLT_KFK_MULTIPLE', 'PLT_KFK_NETWORK']);

interface KafkaLibrary {
  readonly Producer: typeof Producer;
  readonly TimeoutError: typeof TimeoutError;
}

/**
 * Sends by `@platformatic/kafka`, which whoever wants this sink installs beside the gateway. A connection that has failed is
 * not used again: the next try asks anew who leads.
 * @throws SinkSettingsError where the library is not installed
 */
export async function createKafkaSender(cluster: KafkaCluster): Promise<KafkaSender> {
  const library = await loadLibrary();
  let current: Producer | null = null;
  const drop = async (producer: Producer): Promise<void> => {
    if (current === producer) current = null;
    await producer.close(true).catch(() => undefined);
  };
  return {
    send: async (topic, messages, signal) => {
      const producer = (current ??= createProducer(library, cluster));
      try {
        const sent = producer.send({ acks: -1, messages: messages.map((message) => encoded(topic, message)) });
        await inTime(sent, { signal, timeoutMs: cluster.requestTimeoutMs });
      } catch (error) {
        const fault = error instanceof DeliveryFault ? error : faultOf(error, library, cluster);
        if (fault.verdict === 'again') void drop(producer);
        throw fault;
      }
    },
    close: async () => {
      if (current === null) return;
      const { promise: waited, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
      await Promise.race([drop(current), waited]);
      clearTimeout(timer);
    },
  };
}

let loaded: Promise<KafkaLibrary> | null = null;

/** Once for all sinks of this kind. */
function loadLibrary(): Promise<KafkaLibrary> {
  loaded ??= importLibrary().catch((error: unknown) => {
    loaded = null;
    throw error;
  });
  return loaded;
}

async function importLibrary(): Promise<KafkaLibrary> {
  try {
    const library = await import('@platformatic/kafka');
    guardConnections(library);
    return library;
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new SinkSettingsError([
      'it needs the package @platformatic/kafka, which is not installed: npm install @platformatic/kafka@2',
    ]);
  }
}

function createProducer({ Producer }: KafkaLibrary, cluster: KafkaCluster): Producer {
  const { brokers, clientId, tls, sasl, compression, requestTimeoutMs } = cluster;
  return new Producer({
    clientId,
    bootstrapBrokers: brokers.map(({ host, port }) => ({ host, port })),
    compression,
    autocreateTopics: false,
    // Trying again is the business of whoever calls.
    retries: 0,
    connectTimeout: Math.min(CONNECT_TIMEOUT_MS, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    timeout: requestTimeoutMs,
    // RFC 6066, 3: an IP address is no server name.
    ...(tls ? { tls: {}, tlsServerName: brokers.every(({ host }) => isIP(host) === 0) } : {}),
    ...(sasl === null ? {} : { sasl }),
  });
}

function encoded(topic: string, { key, value, atMs }: KafkaMessage) {
  const message = { topic, value: Buffer.from(value), timestamp: BigInt(Math.round(atMs)) };
  return key === null ? message : { ...message, key: Buffer.from(key) };
}

/** Codes alone: a message of the library may hold the name of a host, and one of a broker anything. */
function faultOf(error: unknown, { TimeoutError }: KafkaLibrary, cluster: KafkaCluster): DeliveryFault {
  const all = [...withCauses(error)];
  const answers = all.map(answerIn).filter((answer) => answer !== null);
  const [answer] = answers;
  if (answer !== undefined) {
    // Of several partitions one may have answered, and another not.
    const verdict = answers.some((each) => REFUSALS.has(each)) ? 'refused' : 'again';
    return new DeliveryFault(verdict, `it answered ${answer}`);
  }
  if (all.some((each) => each instanceof TimeoutError)) return noAnswerWithin(cluster.requestTimeoutMs);
  if (all.some(({ message }) => message === TLS_WANTED))
    return new DeliveryFault('again', 'it answered that it wants TLS');
  const codes = all.map(codeIn).filter((code) => code !== null && !SAYS_NOTHING.has(code));
  const code = codes.find((each) => each?.startsWith('PLT_') === false) ?? codes[0] ?? 'connection closed';
  return new DeliveryFault('again', `it can not be reached (${code})`);
}

function* withCauses(error: unknown): Iterable<Error> {
  if (!(error instanceof Error)) return;
  yield error;
  if (error instanceof AggregateError) for (const each of error.errors) yield* withCauses(each);
  yield* withCauses(error.cause);
}

function answerIn(error: Error): string | null {
  if ('apiId' in error && typeof error.apiId === 'string') return error.apiId;
  return codeIn(error) === 'PLT_KFK_USER' && error.message.startsWith('Unknown topic') ? UNKNOWN_TOPIC : null;
}

function codeIn(error: Error): string | null {
  return 'code' in error && typeof error.code === 'string' ? error.code : null;
}
