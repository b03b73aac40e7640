import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Deadline } from '../../http1/deadline.ts';
import type { AnswerFlow, AnswerReceiver, Clock, UpstreamFailure, UpstreamRequest } from '../../ports.ts';
import { AnswerReader } from './answer-reader.ts';

/** A request and who takes its answer. */
export interface UpstreamCall {
  readonly request: UpstreamRequest;
  /** How the request begins on the wire. */
  readonly head: string;
  readonly receiver: AnswerReceiver;
}

/** Where a connection goes. */
export interface Origin {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
}

/** What a connection tells the pool it belongs to. */
export interface ConnectionEvents {
  /** It has been made and takes a call. */
  made(connection: Connection): void;
  /** The answer to its call is whole: it takes the next. */
  free(connection: Connection): void;
  /** It did not come about. @param cause null when it only took too long */
  failed(connection: Connection, cause: unknown): void;
  /** It has ended and takes no more calls. */
  closed(connection: Connection): void;
  /** What the next TLS connection to the same host can go on from. */
  session(session: Buffer): void;
}

export interface ConnectionOptions {
  readonly origin: Origin;
  readonly session: Buffer | null;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  readonly events: ConnectionEvents;
}

/** How long an idle connection to Bedrock is kept: well below what load balancers of AWS keep theirs. */
const IDLE_MS_MAX = 15_000;
/** When the other end says how long it keeps a connection, ours ends this much earlier, as its end takes time to arrive. */
const IDLE_MARGIN_MS = 1000;
const TCP_KEEP_ALIVE_MS = 60_000;
/** Taken from the network at once. Memory that nothing was ever written to costs nothing. */
const READ_BYTES_MAX = 64 * 1024;
/** Up to here a head and a body are copied into one buffer: two buffers in one write cost more than the copy. */
const JOINED_BODY_BYTES_MAX = 16 * 1024;

/**
 * What is kept of a call while its answer comes: not the request, as its body may be large and the answer long. These are
 * also the reins its receiver gets: once the call is over they move nothing, as the connection may be another's by then.
 */
class RunningCall implements AnswerFlow {
  readonly receiver: AnswerReceiver;
  readonly idleTimeoutMs: number;
  readonly #connection: Connection;

  constructor({ receiver, request }: UpstreamCall, connection: Connection) {
    this.receiver = receiver;
    this.idleTimeoutMs = request.idleTimeoutMs;
    this.#connection = connection;
  }

  pause(): void {
    this.#connection.pause(this);
  }

  resume(): void {
    this.#connection.resume(this);
  }
}

/** One HTTP/1.1 connection to Bedrock: one call at a time, and between two of them it is idle. */
export class Connection {
  readonly #socket: Socket;
  readonly #secure: boolean;
  readonly #reader: AnswerReader;
  readonly #deadline: Deadline;
  readonly #events: ConnectionEvents;
  #state: 'connecting' | 'idle' | 'calling' | 'closed' = 'connecting';
  #call: RunningCall | null = null;
  #answered = false;
  #paused = false;
  #fault: unknown = null;

  constructor({ origin, session, connectTimeoutMs, clock, events }: ConnectionOptions) {
    this.#events = events;
    this.#secure = origin.secure;
    this.#reader = new AnswerReader({
      head: (status, headers) => {
        this.#answered = true;
        const call = this.#call;
        call?.receiver.head(status, headers, call);
      },
      data: (chunk) => this.#call?.receiver.data(chunk),
    });
    this.#deadline = new Deadline(clock, () => this.#late());
    this.#deadline.setIn(connectTimeoutMs);
    this.#socket = openSocket(origin, session, (bytes) => this.#received(bytes));
    this.#socket
      .once(origin.secure ? 'secureConnect' : 'connect', () => this.#connected())
      .on('session', (next: Buffer) => events.session(next))
      .on('end', () => this.#ended())
      .on('error', (error: Error) => (this.#fault ??= error))
      .on('close', () => this.#closed());
  }

  /** Whether it takes a call. */
  get idle(): boolean {
    return this.#state === 'idle' && this.#socket.writable;
  }

  /**
   * Sends a request; only while it is idle.
   * @returns how to cancel the call
   */
  send(call: UpstreamCall): () => void {
    const { request, head } = call;
    const running = new RunningCall(call, this);
    this.#state = 'calling';
    this.#call = running;
    this.#answered = false;
    this.#reader.expect(request.method);
    this.#deadline.setIn(request.headersTimeoutMs);
    this.#write(head, request.body);
    return () => this.#cancel(running);
  }

  destroy(): void {
    this.#break(new Error('The gateway is closing.'));
  }

  pause(call: RunningCall): void {
    if (this.#call !== call) return;
    this.#paused = true;
    // What waits for the client is no silence of Bedrock.
    this.#deadline.clear();
    this.#socket.pause();
  }

  resume(call: RunningCall): void {
    if (this.#call !== call || !this.#paused) return;
    this.#deadline.setIn(call.idleTimeoutMs);
    this.#flow();
  }

  #flow(): void {
    this.#paused = false;
    this.#socket.resume();
  }

  /** The receiver hears nothing more, and the other end that nobody listens. */
  #cancel(call: RunningCall): void {
    if (this.#call !== call) return;
    this.#call = null;
    this.#socket.destroy();
  }

  #write(head: string, body: Uint8Array | null): void {
    if (body === null) {
      this.#socket.write(head, 'latin1');
      return;
    }
    if (body.byteLength <= JOINED_BODY_BYTES_MAX) {
      const bytes = Buffer.allocUnsafe(head.length + body.byteLength);
      bytes.write(head, 'latin1');
      bytes.set(body, head.length);
      this.#socket.write(bytes);
      return;
    }
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    this.#socket.write(body);
    this.#socket.uncork();
  }

  #connected(): void {
    this.#state = 'idle';
    this.#deadline.setIn(IDLE_MS_MAX);
    this.#events.made(this);
  }

  #received(bytes: Buffer): void {
    const call = this.#call;
    if (call === null) {
      // Nobody asked: whatever this is, it must not become the beginning of the next answer.
      this.#socket.destroy();
      return;
    }
    try {
      this.#reader.push(bytes);
    } catch (error) {
      this.#break(error);
      return;
    }
    // The receiver may have cancelled meanwhile.
    if (this.#call !== call) return;
    if (this.#reader.over) this.#complete(call);
    else if (this.#answered && !this.#paused) this.#deadline.setIn(call.idleTimeoutMs);
  }

  #complete({ receiver }: RunningCall): void {
    this.#call = null;
    if (this.#paused) this.#flow();
    const keptMs = this.#keptMs();
    if (keptMs > 0) {
      this.#state = 'idle';
      this.#deadline.setIn(keptMs);
      this.#events.free(this);
    } else {
      this.#socket.destroy();
    }
    try {
      receiver.end();
    } catch (cause) {
      receiver.fail({ kind: 'broken', cause });
    }
  }

  /** How long it waits for its next call. */
  #keptMs(): number {
    const { reusable, idleHintMs } = this.#reader;
    // An answer that came before all of its request had left: what is left would be taken for the next request.
    if (!reusable || !this.#socket.writable || this.#socket.writableLength > 0) return 0;
    return idleHintMs === null ? IDLE_MS_MAX : Math.min(IDLE_MS_MAX, idleHintMs - IDLE_MARGIN_MS);
  }

  /** The other end will send no more. */
  #ended(): void {
    const call = this.#call;
    // An answer may end with its connection, but over TLS node does not tell an end that was said from one that anybody
    // on the way could make: RFC 9112, section 9.8.
    if (call !== null && !this.#secure && this.#reader.close()) this.#complete(call);
    else this.#socket.destroy();
  }

  #late(): void {
    if (this.#call === null) this.#socket.destroy();
    else this.#fail('timeout', new Error(this.#answered ? 'The answer stalled.' : 'No answer came in time.'));
  }

  /** @param cause what is told when the connection has closed */
  #break(cause: unknown): void {
    this.#fault ??= cause;
    this.#socket.destroy();
  }

  #fail(kind: UpstreamFailure['kind'], cause: unknown): void {
    const call = this.#call;
    this.#call = null;
    this.#socket.destroy();
    call?.receiver.fail({ kind, cause });
  }

  #closed(): void {
    this.#deadline.end();
    const wasConnecting = this.#state === 'connecting';
    this.#state = 'closed';
    if (wasConnecting) this.#events.failed(this, this.#fault);
    else this.#events.closed(this);
    this.#fail('broken', this.#fault ?? new Error('The other end closed the connection.'));
  }
}

function openSocket({ secure, host, port }: Origin, session: Buffer | null, received: (bytes: Buffer) => void): Socket {
  const options = {
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
    // One buffer for all reads: node would else take a new one of the same size for each, however little comes.
    onread: {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES_MAX),
      callback: (length: number, buffer: Uint8Array): boolean => {
        received(Buffer.from(buffer.subarray(0, length)));
        return true;
      },
    },
  };
  if (!secure) return connectPlain(options);
  return connectTls({
    ...options,
    ALPNProtocols: ['http/1.1'],
    // Names only: RFC 6066 has no addresses there.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(session === null ? {} : { session }),
  });
}
