import type { Charge } from '../domain/limits/charges.ts';
import { isRate, type Limit } from '../domain/limits/limit.ts';
import type { Clock, Counters, LimitUse, Log, Reservation } from '../ports.ts';
import { Breaker } from './breaker.ts';
import type { LimitListener } from './counters.ts';
import { LocalShare } from './local-share.ts';
import { RedisCalls } from './redis-calls.ts';
import { RedisFault, RedisLink } from './redis-link.ts';
import { RedisSeeding } from './redis-seeding.ts';
import { RedisStore } from './redis-store.ts';
import type { Seeds } from './seeds.ts';

export interface RedisCountersOptions {
  /** `redis://`, `rediss://` or the path of a socket. */
  readonly url: string;
  /** Of all keys; deployments that share a Redis need one each. */
  readonly prefix: string;
  /** This process, among those that share the counters. */
  readonly instanceId: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Null where there is nothing to begin with. */
  readonly seeds: Seeds | null;
  readonly onEvent: LimitListener;
  readonly reservationTtlMs: number;
  /** Counters held in this process for the time Redis is out of reach. */
  readonly countersMax: number;
  /** What becomes of calls under hard budgets while Redis is out of reach. */
  readonly budgetsWhenDown: 'closed' | 'open';
  readonly timing: RedisTiming;
}

export interface RedisTiming {
  /** What a Redis that does not answer may cost a call, once. */
  readonly timeoutMs: number;
  /** How often an instance says that it is there, and looks whether the counters are. */
  readonly beatMs: number;
  /** Pause before a connection that is lost is made again. */
  readonly reconnectMs: number;
  /** After so long a call that is over is in the ledger, whichever instance it ran on. */
  readonly ledgerLagMs: number;
}

export const REDIS_TIMING: RedisTiming = { timeoutMs: 50, beatMs: 1000, reconnectMs: 200, ledgerLagMs: 2000 };

/** An instance that was not heard of for so many beats is gone. */
const BEATS_UNTIL_GONE = 5;
const CONNECTING_MS_MAX = 1000;
const CLOSING_MS_MAX = 1000;
const RETRY_MS = 1000;
const FIRST_PROBE_MS = 100;
/** Counters that several processes share in Redis or Valkey. @throws nothing: Redis may be away from the start */
export async function openRedisCounters(options: RedisCountersOptions): Promise<Counters> {
  const { url, clock, timing } = options;
  const link = new RedisLink({ url, clock, ...timing });
  const counters = new RedisCounters(options, link);
  await counters.start();
  return counters;
}

class RedisCounters implements Counters {
  readonly #options: RedisCountersOptions;
  readonly #link: RedisLink;
  readonly #store: RedisStore;
  readonly #seeding: RedisSeeding;
  readonly #calls: RedisCalls;
  readonly #breaker: Breaker;
  readonly #local: LocalShare;
  readonly #underWay = new Set<Promise<void>>();
  #instances = 1;
  #beatTimer: NodeJS.Timeout | null = null;
  #restoreTimer: NodeJS.Timeout | null = null;

  constructor(options: RedisCountersOptions, link: RedisLink) {
    this.#options = options;
    this.#link = link;
    const { prefix, clock, log, reservationTtlMs, timing, countersMax, onEvent } = options;
    const { ledgerLagMs, beatMs } = timing;
    // Until all instances have noticed the loss, those that had to connect again too, and counted their running calls.
    const closedMs = ledgerLagMs + 2 * (beatMs + timing.reconnectMs + timing.timeoutMs);
    const onLost = (): void => this.#restoreLater();
    this.#store = new RedisStore({ link, prefix, clock, reservationTtlMs, closedMs, onLost });
    this.#seeding = new RedisSeeding(this.#store, options.seeds);
    this.#calls = new RedisCalls({ store: this.#store, seeding: this.#seeding, clock, log, ledgerLagMs, onEvent });
    this.#local = new LocalShare({ countersMax, reservationTtlMs, clock });
    this.#breaker = new Breaker({
      probe: () => this.#recover(),
      log,
      clock,
      what: 'the counters in Redis are',
      firstPauseMs: Math.min(FIRST_PROBE_MS, beatMs),
      lastPauseMs: beatMs,
    });
  }

  /** Waits for Redis, but not long. */
  async start(): Promise<void> {
    if (await within(CONNECTING_MS_MAX, this.#link.ready())) await this.#orTrip(this.#beat());
    else this.#trip('no connection');
    if (this.#breaker.isClosed) await this.#orTrip(this.#checkEviction());
    this.#beatLater();
  }

  async reserve(id: string, charges: readonly Charge[]): Promise<Reservation> {
    if (charges.length === 0) return { kind: 'admitted', remaining: [] };
    if (!this.#breaker.isClosed) return this.#reserveAlone(id, charges);
    try {
      return await this.#reserveInRedis(id, charges);
    } catch (error) {
      this.#tripBy(error);
      const alone = this.#reserveAlone(id, charges);
      if (alone.kind !== 'admitted') this.#calls.withdrawn(id, charges);
      return alone;
    }
  }

  settle(id: string, amounts: readonly number[]): void {
    const ended = this.#calls.ended(id, amounts);
    if (ended === null) return;
    this.#local.settle(id, ended.call.charges, amounts);
    if (this.#breaker.isClosed) this.#follow(this.#calls.send(ended));
    else this.#calls.keep(ended);
  }

  renew(id: string): void {
    const call = this.#calls.running(id);
    if (call === null) return;
    this.#local.renew(id);
    if (this.#breaker.isClosed) this.#follow(this.#store.renew(call));
  }

  async used(limits: readonly Limit[]): Promise<readonly (LimitUse | null)[]> {
    if (limits.length === 0 || !this.#breaker.isClosed) return limits.map(() => null);
    try {
      const uses = await this.#store.used(limits);
      return await Promise.all(
        limits.map(async (limit, index) => {
          const use = uses[index];
          if (use?.seeded !== true) return this.#seeding.ledgerUse(limit);
          return { used: use.used, reserved: use.reserved };
        }),
      );
    } catch (error) {
      this.#tripBy(error);
      return limits.map(() => null);
    }
  }

  /** @throws RedisFault: whoever sets a counter has to know that it was set. */
  async reset(limit: Limit, used: number): Promise<void> {
    await this.#store.reset(limit, used);
  }

  async close(): Promise<void> {
    if (this.#beatTimer !== null) clearTimeout(this.#beatTimer);
    if (this.#restoreTimer !== null) clearTimeout(this.#restoreTimer);
    this.#breaker.stop();
    await within(CLOSING_MS_MAX, Promise.allSettled(this.#underWay));
    this.#link.close();
  }

  async #reserveInRedis(id: string, charges: readonly Charge[]): Promise<Reservation> {
    let unseeded: ReadonlySet<Limit> = new Set();
    for (;;) {
      // The ledger may have taken long to answer.
      if (!this.#breaker.isClosed) throw new RedisFault('out of reach');
      const reply = await this.#store.reserve(id, charges, unseeded.size > 0);
      switch (reply.kind) {
        case 'admitted':
          this.#calls.admitted(id, charges, reply.places, reply.birth);
          this.#local.hold(id, charges);
          return { kind: 'admitted', remaining: reply.remaining };
        case 'refused': {
          const { used, retryAfterMs } = reply;
          const charge = at(charges, reply.index);
          if (reply.isFirst) this.#options.onEvent(charge.limit, { kind: 'refused', amount: charge.amount, used });
          return { kind: 'refused', charge, used, retryAfterMs };
        }
        case 'restoring': {
          const { index, retryAfterMs } = reply;
          return { kind: 'unavailable', charge: at(charges, index), reason: 'restoring', retryAfterMs };
        }
        case 'unseeded': {
          unseeded = await this.#seeding.seed(reply.indexes.map((index) => at(charges, index).limit));
          const closed = charges.find(({ limit }) => limit.hard && unseeded.has(limit));
          if (closed === undefined) continue;
          return { kind: 'unavailable', charge: closed, reason: 'unseeded', retryAfterMs: RETRY_MS };
        }
      }
    }
  }

  /** Without Redis: rates by this instance's share, hard budgets as configured, soft ones open. */
  #reserveAlone(id: string, charges: readonly Charge[]): Reservation {
    const budget = charges.find(({ limit }) => limit.hard && !isRate(limit));
    if (budget !== undefined && this.#options.budgetsWhenDown === 'closed') {
      return { kind: 'unavailable', charge: budget, reason: 'down', retryAfterMs: RETRY_MS };
    }
    const reservation = this.#local.reserve(id, charges, this.#instances);
    if (reservation.kind === 'admitted') this.#calls.admittedAlone(id, charges);
    return reservation;
  }

  /** Nobody waits for it; what goes wrong opens the breaker. */
  #follow(work: Promise<void>): void {
    const followed = this.#orTrip(work).finally(() => this.#underWay.delete(followed));
    this.#underWay.add(followed);
  }

  async #orTrip(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#tripBy(error);
    }
  }

  #tripBy(error: unknown): void {
    if (!(error instanceof RedisFault)) throw error;
    this.#trip(error.message);
  }

  #trip(reason: string): void {
    if (!this.#breaker.isClosed) return;
    this.#breaker.trip(reason);
    // Others that wait now would wait in vain.
    this.#link.giveUp(reason);
  }

  async #beat(): Promise<void> {
    const { instanceId, timing } = this.#options;
    this.#instances = await this.#store.beat(instanceId, BEATS_UNTIL_GONE * timing.beatMs);
    if (this.#breaker.isClosed && this.#calls.isBehind) await this.#calls.catchUp();
  }

  #beatLater(): void {
    this.#beatTimer = setTimeout(() => {
      // While the breaker is open its probes do it.
      const beat = this.#breaker.isClosed ? this.#orTrip(this.#beat()) : Promise.resolve();
      void beat.finally(() => this.#beatLater());
    }, this.#options.timing.beatMs).unref();
  }

  /** The probe of the breaker: Redis answers, and knows all that happened without it. */
  async #recover(): Promise<void> {
    await this.#beat();
    await this.#calls.catchUp();
  }

  #restoreLater(): void {
    this.#options.log.warn({}, 'the counters in Redis were lost: they are restored from the ledger');
    if (this.#restoreTimer !== null) clearTimeout(this.#restoreTimer);
    const { ledgerLagMs } = this.#options.timing;
    this.#restoreTimer = setTimeout(() => this.#follow(this.#calls.restore()), ledgerLagMs).unref();
  }

  async #checkEviction(): Promise<void> {
    const policy = await this.#link.evictionPolicy();
    if (policy === null || policy === 'noeviction') return;
    const advice = 'Redis may throw counters away when its memory is full: set maxmemory-policy noeviction';
    this.#options.log.warn({ policy }, advice);
  }
}

function at(charges: readonly Charge[], index: number): Charge {
  const charge = charges[index];
  if (charge === undefined) throw new Error(`There is no charge ${index}.`);
  return charge;
}

/** @returns whether it was done in time */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
