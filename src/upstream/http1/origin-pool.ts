import type { Clock } from '../../ports.ts';
import { Connection, type ConnectionEvents, type Origin, type UpstreamCall } from './connection.ts';

export interface PoolOptions {
  readonly origin: Origin;
  readonly connectionsMax: number;
  /** How long a connection may take to be made, and a call may wait for one. */
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
}

/** The wait of a call for a connection. Who made the call holds on to it, so it does not hold the request. */
interface Wait {
  readonly timer: NodeJS.Timeout;
  /** Cancels the call: while it waits, and when a connection has taken it. */
  cancel: () => void;
}

/** The connections to one origin: an idle one takes the next call, and while calls wait there are made as many more. */
export class OriginPool implements ConnectionEvents {
  readonly #options: PoolOptions;
  readonly #all = new Set<Connection>();
  /** The one used last is used next, so that those that are not needed any more grow old. */
  readonly #idle: Connection[] = [];
  /** The oldest first. */
  readonly #waiting = new Map<Wait, UpstreamCall>();
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
    return connection.send(call);
  }

  /** Breaks every connection; calls that wait fail as they do. */
  destroy(): void {
    for (const wait of this.#waiting.keys()) this.#refuse(wait, new Error('The gateway is closing.'));
    for (const connection of this.#all) connection.destroy();
  }

  made(connection: Connection): void {
    this.#connecting -= 1;
    this.#offer(connection);
  }

  free(connection: Connection): void {
    if (this.#waiting.size === 0) {
      this.#idle.push(connection);
      return;
    }
    // A server may end the connection right behind its answer without having said so. Whoever waits already would be sent
    // into that, so the network is asked once more before.
    afterNextPoll(() => {
      if (connection.idle) this.#offer(connection);
    });
  }

  failed(connection: Connection, cause: unknown): void {
    this.#connecting -= 1;
    this.#all.delete(connection);
    const [oldest] = this.#waiting.keys();
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
    const late = (): void => this.#refuse(wait, new Error(`No connection within ${timeoutMs} ms.`));
    const wait: Wait = { timer: setTimeout(late, timeoutMs), cancel: () => this.#forget(wait) };
    this.#waiting.set(wait, call);
    this.#connectAsNeeded();
    return () => wait.cancel();
  }

  #offer(connection: Connection): void {
    const [oldest] = this.#waiting;
    if (oldest === undefined) {
      this.#idle.push(connection);
      return;
    }
    const [wait, call] = oldest;
    this.#forget(wait);
    wait.cancel = connection.send(call);
  }

  #refuse(wait: Wait, cause: unknown): void {
    const call = this.#waiting.get(wait);
    this.#forget(wait);
    call?.receiver.fail({ kind: 'unreachable', cause });
  }

  #forget(wait: Wait): void {
    clearTimeout(wait.timer);
    this.#waiting.delete(wait);
  }

  #connectAsNeeded(): void {
    const { origin, connectTimeoutMs, clock, connectionsMax } = this.#options;
    while (this.#connecting < this.#waiting.size && this.#all.size < connectionsMax) {
      this.#connecting += 1;
      this.#all.add(new Connection({ origin, session: this.#session, connectTimeoutMs, clock, events: this }));
    }
  }
}

/** When all that the network has to say now has been heard. One turn is not enough: it may be the one that runs. */
function afterNextPoll(then: () => void): void {
  setImmediate(() => setImmediate(then));
}
