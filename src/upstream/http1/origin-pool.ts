import type { Clock } from '../../ports.ts';
import { Connection, type ConnectionEvents, type Origin, type UpstreamCall } from './connection.ts';

export interface PoolOptions {
  readonly origin: Origin;
  readonly connectionsMax: number;
  /** How long a connection may take to be made, and a call may wait for one. */
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
}

/** A call that no connection has taken yet. */
interface WaitingCall {
  readonly call: UpstreamCall;
  readonly timer: NodeJS.Timeout;
  readonly take: (connection: Connection) => void;
}

/** The connections to one origin: an idle one takes the next call, and while calls wait there are made as many more. */
export class OriginPool implements ConnectionEvents {
  readonly #options: PoolOptions;
  readonly #all = new Set<Connection>();
  /** The one used last is used next, so that those that are not needed any more grow old. */
  readonly #idle: Connection[] = [];
  /** The oldest first. */
  readonly #waiting = new Set<WaitingCall>();
  #connecting = 0;
  /** Of the last TLS connection: the next goes on from it, which saves both ends most of the handshake. */
  #session: Buffer | null = null;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** @returns how to cancel the call */
  send(call: UpstreamCall): () => void {
    const connection = this.#takeIdle();
    if (connection === null) return this.#wait(call);
    connection.send(call);
    return () => connection.cancel(call);
  }

  /** Breaks every connection; calls that wait fail as they do. */
  destroy(): void {
    for (const waiting of this.#waiting) this.#refuse(waiting, new Error('The gateway is closing.'));
    for (const connection of this.#all) connection.destroy();
  }

  made(connection: Connection): void {
    this.#connecting -= 1;
    this.free(connection);
  }

  free(connection: Connection): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#idle.push(connection);
    else this.#give(next, connection);
  }

  failed(connection: Connection, cause: unknown): void {
    this.#connecting -= 1;
    this.#all.delete(connection);
    const [oldest] = this.#waiting;
    // Who waits too long is told by a timer of its own: another, who came later, may still get a connection.
    if (oldest !== undefined && cause !== null) this.#refuse(oldest, cause);
    this.#connectAsNeeded();
  }

  closed(connection: Connection): void {
    this.#all.delete(connection);
    // A search among the idle ones, once in the life of a connection.
    const index = this.#idle.lastIndexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
    this.#connectAsNeeded();
  }

  session(session: Buffer): void {
    this.#session = session;
  }

  #takeIdle(): Connection | null {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) return null;
      if (connection.idle) return connection;
    }
  }

  #wait(call: UpstreamCall): () => void {
    const timeoutMs = this.#options.connectTimeoutMs;
    let cancel = (): void => this.#forget(waiting);
    const waiting: WaitingCall = {
      call,
      timer: setTimeout(() => this.#refuse(waiting, new Error(`No connection within ${timeoutMs} ms.`)), timeoutMs),
      take: (connection) => {
        cancel = () => connection.cancel(call);
      },
    };
    this.#waiting.add(waiting);
    this.#connectAsNeeded();
    return () => cancel();
  }

  #give(waiting: WaitingCall, connection: Connection): void {
    this.#forget(waiting);
    waiting.take(connection);
    connection.send(waiting.call);
  }

  #refuse(waiting: WaitingCall, cause: unknown): void {
    this.#forget(waiting);
    waiting.call.receiver.fail({ kind: 'unreachable', cause });
  }

  #forget(waiting: WaitingCall): void {
    clearTimeout(waiting.timer);
    this.#waiting.delete(waiting);
  }

  #connectAsNeeded(): void {
    const { origin, connectTimeoutMs, clock, connectionsMax } = this.#options;
    while (this.#connecting < this.#waiting.size && this.#all.size < connectionsMax) {
      this.#connecting += 1;
      this.#all.add(new Connection({ origin, session: this.#session, connectTimeoutMs, clock, events: this }));
    }
  }
}
