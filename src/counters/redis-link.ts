import { Redis, type RedisOptions } from 'ioredis';
import type { Clock } from '../ports.ts';
import { REDIS_SCRIPT, REDIS_SCRIPT_SHA } from './redis-script.ts';

/** Redis did not do what it was asked, or did not say so in time: it may have done it all the same. */
export class RedisFault extends Error {
  override readonly name = 'RedisFault';
}

export type Reply = readonly (string | number)[];

interface Waiting {
  readonly sinceMs: number;
  readonly fail: (fault: RedisFault) => void;
}

const CONNECT_TIMEOUT_MS = 2000;
const DISCONNECT_TIMEOUT_MS = 100;
/** A connection that says nothing for so long while it is asked is taken for dead. */
const SILENCE_MS = 3000;

/** One connection to Redis that runs the script of the counters. Nothing waits for it longer than `timeoutMs`. */
export class RedisLink {
  readonly #client: Redis;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  /** In the order in which they were asked. */
  readonly #waiting = new Set<Waiting>();
  #watch: NodeJS.Timeout | null = null;
  #silentSinceMs: number | null = null;

  /**
   * @throws Error for a URL that is none
   * @param options.url `redis://`, `rediss://` or the path of a socket
   * @param options.reconnectMs pause before a connection that is lost is made again
   */
  constructor(options: {
    readonly url: string;
    readonly timeoutMs: number;
    readonly reconnectMs: number;
    readonly clock: Clock;
  }) {
    const { url, timeoutMs, reconnectMs, clock } = options;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#client = connect(url, {
      connectTimeout: CONNECT_TIMEOUT_MS,
      retryStrategy: () => reconnectMs,
      // What can't be sent at once is decided without Redis, and nothing is sent a second time unasked.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      // Whether it answers is for the counters to find out, with their own bound on the time.
      enableReadyCheck: false,
      disableClientInfo: true,
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
      // After a failover the address may lead to another server.
      reconnectOnError: (error) => error.message.includes('READONLY'),
    });
    // Each failed attempt to connect says so; what it means is said once, by who asks.
    this.#client.on('error', () => undefined);
  }

  /** Resolves when commands can be sent; never where Redis can't be connected to. */
  async ready(): Promise<void> {
    if (this.#client.status === 'ready') return;
    await new Promise<void>((resolve) => {
      this.#client.once('ready', resolve);
    });
  }

  /** @throws RedisFault */
  run(keys: readonly string[], args: readonly (string | number)[]): Promise<Reply> {
    return this.#withinTime(this.#eval(keys, args).then(replyOf));
  }

  /** What Redis does when its memory is full; null where it does not say. @throws RedisFault */
  async evictionPolicy(): Promise<string | null> {
    const info = await this.#withinTime(this.#client.info('memory'));
    return /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? null;
  }

  /** Fails all that is under way, so that nobody waits for what will not come in time. */
  giveUp(reason: string): void {
    const fault = new RedisFault(reason);
    for (const { fail } of this.#waiting) fail(fault);
  }

  close(): void {
    if (this.#watch !== null) clearTimeout(this.#watch);
    this.giveUp('closed');
    this.#client.disconnect();
  }

  async #eval(keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await this.#client.evalsha(REDIS_SCRIPT_SHA, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return this.#client.eval(REDIS_SCRIPT, keys.length, ...keys, ...args);
    }
  }

  #withinTime<T>(answer: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiting: Waiting = {
        sinceMs: this.#clock.elapsedMs(),
        fail: (fault) => {
          this.#waiting.delete(waiting);
          reject(fault);
        },
      };
      this.#waiting.add(waiting);
      this.#watch ??= this.#watchIn(this.#timeoutMs);
      answer
        .then((value) => {
          this.#waiting.delete(waiting);
          this.#silentSinceMs = null;
          return resolve(value);
        })
        .catch((error: unknown) => waiting.fail(new RedisFault(reasonOf(error), { cause: error })));
    });
  }

  #watchIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#watch = null;
      // Answers that arrived while the event loop was busy are read before this is judged.
      setImmediate(() => this.#judge());
    }, ms).unref();
  }

  #judge(): void {
    const [oldest] = this.#waiting;
    if (oldest === undefined) return;
    const nowMs = this.#clock.elapsedMs();
    const leftMs = this.#timeoutMs - (nowMs - oldest.sinceMs);
    if (leftMs > 0) {
      this.#watch ??= this.#watchIn(Math.ceil(leftMs));
      return;
    }
    this.giveUp(`no answer within ${this.#timeoutMs} ms`);
    this.#silentSinceMs ??= nowMs;
    if (nowMs - this.#silentSinceMs < SILENCE_MS) return;
    this.#silentSinceMs = null;
    this.#client.disconnect(true);
  }
}

function connect(url: string, options: RedisOptions): Redis {
  try {
    return new Redis(url, options);
  } catch {
    // What node says of it quotes it, password and all.
    throw new Error('The URL of Redis is not valid.');
  }
}

function replyOf(value: unknown): Reply {
  if (Array.isArray(value) && value.every(isReplyPart)) return value;
  throw new Error('an answer that is none of the script');
}

function isReplyPart(part: unknown): part is string | number {
  return typeof part === 'string' || typeof part === 'number';
}

/** One line for the log; Redis begins its errors with a word in capitals. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown';
}
