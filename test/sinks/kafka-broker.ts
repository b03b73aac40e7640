import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { after } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { readBatch, wire, WireReader, type WireRecord } from './kafka-wire.ts';
import type { AnyReceiver, Mood, Received } from './receiver.ts';

export const KAFKA_TOPIC = 'calls';
const PARTITIONS = 3;
const NODE_ID = 7;
const TRICKLE_EVERY_MS = 10;

const APIS = { produce: 0, metadata: 3, saslHandshake: 17, apiVersions: 18, saslAuthenticate: 36 } as const;
/** One version of each, all flexible but the handshake; ApiVersions is also asked for in its first ones. */
const VERSIONS = [
  [APIS.produce, 9, 9],
  [APIS.metadata, 12, 12],
  [APIS.saslHandshake, 1, 1],
  [APIS.apiVersions, 0, 3],
  [APIS.saslAuthenticate, 2, 2],
] as const;

export const KAFKA_ERRORS = { unknownTopic: 3, messageTooLarge: 10, storageError: 56, saslFailed: 58 } as const;

export interface KafkaBrokerOptions {
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Who has to log in, by PLAIN. */
  readonly login?: { readonly username: string; readonly password: string };
}

/** What came into one partition by one request, as the other receivers have it. */
interface Produced extends Received {
  readonly partition: number;
}

/** Of a connection. */
interface Session {
  mayAsk: boolean;
}

/**
 * A broker on loopback that speaks one version of what a producer needs, takes nothing that is not exactly as the protocol
 * has it, and answers when everything is in.
 */
export class KafkaBroker implements AnyReceiver {
  mood: Mood = 'well';
  /** The error for a partition in which a record is; 0 for none. */
  errorFor: (records: readonly WireRecord[]) => number = () => 0;
  readonly received: Produced[] = [];
  tries = 0;
  readonly #options: KafkaBrokerOptions;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #port = 0;
  #offset = 0n;

  constructor(options: KafkaBrokerOptions = {}) {
    this.#options = options;
  }

  get port(): number {
    return this.#port;
  }

  get origin(): string {
    return `kafka://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const serve = (socket: Socket): void => this.#serve(socket);
    const { tls } = this.#options;
    const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
    // A client that does not trust the certificate goes away.
    server.on('tlsClientError', () => undefined);
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    this.#port = address.port;
    this.#server = server;
    after(() => this.stop());
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const session = { mayAsk: this.#options.login === undefined };
    let waiting = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (piece: Buffer) => {
      waiting = Buffer.concat([waiting, piece]);
      while (waiting.length >= 4 && waiting.length >= 4 + waiting.readInt32BE()) {
        const length = waiting.readInt32BE();
        const answer = this.#answer(waiting.subarray(4, 4 + length), session);
        waiting = waiting.subarray(4 + length);
        this.#say(socket, answer);
      }
    });
  }

  #say(socket: Socket, answer: Buffer): void {
    if (this.mood === 'silent') return;
    const framed = Buffer.concat([wire.int32(answer.length), answer]);
    if (this.mood === 'reset') socket.resetAndDestroy();
    else if (this.mood === 'trickle') {
      let sent = 0;
      const timer = setInterval(() => socket.write(framed.subarray(sent, (sent += 1))), TRICKLE_EVERY_MS);
      socket.on('close', () => clearInterval(timer));
    } else socket.write(framed);
  }

  /** @returns an answer without its length */
  #answer(bytes: Buffer, session: Session): Buffer {
    const request = new WireReader(bytes);
    const [api, version, correlation] = [request.int16(), request.int16(), wire.int32(request.int32())];
    assert.equal(request.string(), 'outcrop');
    const isFlexible = api !== APIS.saslHandshake && !(api === APIS.apiVersions && version < 3);
    if (isFlexible) request.noTags();
    if (api === APIS.apiVersions) return Buffer.concat([correlation, apiVersions(request, version)]);
    const [, wanted] = VERSIONS.find(([each]) => each === api) ?? assert.fail(`nobody may ask for API ${api}`);
    assert.equal(version, wanted);
    if (api === APIS.saslHandshake) {
      assert.equal(request.string(), 'PLAIN');
      request.end();
      return Buffer.concat([correlation, wire.int16(0), wire.array([wire.string('PLAIN')])]);
    }
    // The header of a flexible answer has tags too, but for that of ApiVersions.
    const header = Buffer.concat([correlation, wire.noTags]);
    if (api === APIS.saslAuthenticate) return this.#logIn(request, header, session);
    assert.ok(session.mayAsk, 'something is asked before the login');
    return Buffer.concat([header, api === APIS.metadata ? this.#metadata(request) : this.#produce(request, bytes)]);
  }

  /** RFC 4616. */
  #logIn(request: WireReader, header: Buffer, session: Session): Buffer {
    const { username, password } = this.#options.login ?? assert.fail('nobody is asked to log in');
    const isRight = request.compactString() === `\0${username}\0${password}`;
    request.noTags();
    request.end();
    session.mayAsk = isRight;
    const error = wire.int16(isRight ? 0 : KAFKA_ERRORS.saslFailed);
    const message = wire.compact(isRight ? null : `no, ${password}`);
    return Buffer.concat([header, wire.struct(error, message, wire.compact(''), wire.int64(0n))]);
  }

  #metadata(request: WireReader): Buffer {
    const topics = request.compactArray(() => {
      assert.deepEqual(request.take(16), Buffer.alloc(16));
      const name = request.compactString();
      request.noTags();
      return name;
    });
    assert.deepEqual([request.int8(), request.int8()], [0, 0], 'no topic is made, and no rights are asked for');
    request.noTags();
    request.end();
    const node = wire.int32(NODE_ID);
    const partitions = Array.from({ length: PARTITIONS }, (_, index) =>
      wire.struct(
        wire.int16(0),
        wire.int32(index),
        node,
        wire.int32(1),
        wire.compactArray([node]),
        wire.compactArray([node]),
        wire.compactArray([]),
      ),
    );
    return wire.struct(
      wire.int32(0),
      wire.compactArray([wire.struct(node, wire.compact('127.0.0.1'), wire.int32(this.#port), wire.compact(null))]),
      wire.compact('a-cluster'),
      node,
      wire.compactArray(
        topics.map((name) =>
          wire.struct(
            wire.int16(name === KAFKA_TOPIC ? 0 : KAFKA_ERRORS.unknownTopic),
            wire.compact(name),
            Buffer.alloc(16, 1),
            wire.int8(0),
            wire.compactArray(name === KAFKA_TOPIC ? partitions : []),
            wire.int32(-1),
          ),
        ),
      ),
    );
  }

  #produce(request: WireReader, bytes: Buffer): Buffer {
    this.tries += 1;
    assert.equal(request.compactString(), null, 'no transaction');
    assert.equal(request.int16(), -1, 'all replicas are to have it');
    assert.ok(request.int32() > 0);
    const topics = request.compactArray(() => {
      const name = request.compactString();
      const answers = request.compactArray(() => {
        const index = request.int32();
        const batch = readBatch(request.compactBytes() ?? assert.fail('no records'));
        request.noTags();
        return this.#take(name ?? '', index, batch, bytes);
      });
      request.noTags();
      return wire.struct(wire.compact(name), wire.compactArray(answers));
    });
    request.noTags();
    request.end();
    return wire.struct(wire.compactArray(topics), wire.int32(0));
  }

  #take(topic: string, partition: number, { gzipped, records }: ReturnType<typeof readBatch>, body: Buffer): Buffer {
    assert.ok(topic === KAFKA_TOPIC && partition >= 0 && partition < PARTITIONS);
    const error = this.mood === 'error' ? KAFKA_ERRORS.storageError : this.errorFor(records);
    if (error === 0 && this.mood === 'well') {
      const headers = { 'content-encoding': gzipped ? 'gzip' : 'identity' };
      const text = JSON.stringify(records);
      this.received.push({ method: 'PRODUCE', target: topic, headers, body, text, partition });
    }
    this.#offset += BigInt(records.length);
    return wire.struct(
      wire.int32(partition),
      wire.int16(error),
      wire.int64(error === 0 ? this.#offset : -1n),
      wire.int64(-1n),
      wire.int64(0n),
      wire.compactArray([]),
      wire.compact(error === 0 ? null : 'canary-5f1d'),
    );
  }
}

function apiVersions(request: WireReader, version: number): Buffer {
  if (version === 3) {
    assert.equal(typeof request.compactString(), 'string');
    assert.equal(typeof request.compactString(), 'string');
    request.noTags();
  }
  request.end();
  const rows = VERSIONS.map((row) => row.map((value) => wire.int16(value)));
  if (version === 3) {
    return wire.struct(wire.int16(0), wire.compactArray(rows.map((row) => wire.struct(...row))), wire.int32(0));
  }
  const throttle = version === 0 ? [] : [wire.int32(0)];
  return Buffer.concat([wire.int16(0), wire.array(rows.map((row) => Buffer.concat(row))), ...throttle]);
}
