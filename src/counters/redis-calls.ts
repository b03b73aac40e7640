import type { Charge } from '../domain/limits/charges.ts';
import type { Limit } from '../domain/limits/limit.ts';
import type { Clock, Log } from '../ports.ts';
import type { LimitListener } from './counters.ts';
import { type Place, placeNow } from './redis-places.ts';
import type { RedisSeeding } from './redis-seeding.ts';
import type { RedisStore, StoredCall } from './redis-store.ts';
import { type EndedCall, Unsent } from './unsent.ts';

interface OpenCall extends StoredCall {
  /** The generation of counters it is in; 0 where Redis may not know of it. */
  birth: number;
}

export interface RedisCallsOptions {
  readonly store: RedisStore;
  readonly seeding: RedisSeeding;
  readonly clock: Clock;
  readonly log: Log;
  /** After so long a call that is over is in the ledger. */
  readonly ledgerLagMs: number;
  readonly onEvent: LimitListener;
}

/** Commands under way at once when much has to be told. */
const BATCH = 100;

/** The calls of this instance, and what Redis has yet to be told of them after it was away or lost its counters. */
export class RedisCalls {
  readonly #options: RedisCallsOptions;
  readonly #store: RedisStore;
  readonly #open = new Map<string, OpenCall>();
  readonly #unsent: Unsent;
  /** Limits of calls of a lost generation that are over: to be seeded with those of running ones. */
  readonly #lostLimits = new Map<string, Limit>();

  constructor(options: RedisCallsOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#unsent = new Unsent(options.log);
  }

  /** Redis has admitted it. */
  admitted(id: string, charges: readonly Charge[], places: readonly Place[], birth: number): void {
    this.#open.set(id, { id, charges, places, birth });
  }

  /** It was admitted without Redis, which may know of it or not. */
  admittedAlone(id: string, charges: readonly Charge[]): void {
    this.#open.set(id, this.#now(id, charges));
  }

  /** It was not admitted, but Redis may have counted it. */
  withdrawn(id: string, charges: readonly Charge[]): void {
    const amounts = charges.map(() => 0);
    this.#unsent.add({ call: this.#now(id, charges), birth: 0, amounts, endedMs: this.#options.clock.elapsedMs() });
  }

  running(id: string): StoredCall | null {
    return this.#open.get(id) ?? null;
  }

  /** @returns null when there is no such call */
  ended(id: string, amounts: readonly number[]): EndedCall | null {
    const call = this.#open.get(id);
    if (call === undefined) return null;
    this.#open.delete(id);
    const { birth } = call;
    if (birth !== this.#store.birth) for (const { limit } of call.charges) this.#lostLimits.set(limit.id, limit);
    return { call, birth, amounts, endedMs: this.#options.clock.elapsedMs() };
  }

  /** For when Redis is back. */
  keep(ended: EndedCall): void {
    this.#unsent.add(ended);
  }

  /** Settles a call in Redis. @throws RedisFault, having kept it */
  async send(ended: EndedCall): Promise<void> {
    const { call, birth, amounts } = ended;
    const certain = birth > 0 && birth === this.#store.birth;
    const reached = await this.#store.settle(call, amounts, { certain, late: this.#isLate(ended) }).catch((error) => {
      // Whether it arrived is not known. In the same generation Redis knows it if it did not.
      this.#unsent.add(ended);
      throw error;
    });
    for (const { index, threshold, used } of reached) {
      const charge = call.charges[index];
      if (charge !== undefined) this.#options.onEvent(charge.limit, { kind: 'reached', threshold, used });
    }
  }

  /** Tells Redis all that it does not know. @throws RedisFault */
  async catchUp(): Promise<void> {
    await this.#recount();
    while (this.#unsent.size > 0) await allDone(this.#unsent.take(BATCH).map((ended) => this.send(ended)));
  }

  get isBehind(): boolean {
    return this.#unsent.size > 0;
  }

  /** After a loss, once the ledger has all that ended before it: counts running calls again. @throws RedisFault */
  async restore(): Promise<void> {
    const limits = new Map(this.#lostLimits);
    this.#lostLimits.clear();
    for (const { charges } of this.#strangers()) {
      for (const { limit } of charges) limits.set(limit.id, limit);
    }
    await this.#options.seeding.seed([...limits.values()].filter(({ kind }) => kind !== 'concurrency'));
    await this.#recount();
    this.#options.log.info({ counters: limits.size }, 'the counters in Redis are restored');
  }

  async #recount(): Promise<void> {
    const strangers = this.#strangers();
    for (let from = 0; from < strangers.length; from += BATCH) {
      await allDone(strangers.slice(from, from + BATCH).map((call) => this.#recountOne(call)));
    }
  }

  async #recountOne(call: OpenCall): Promise<void> {
    await this.#store.restore(call);
    call.birth = this.#store.birth;
  }

  /** Running calls that Redis does not know of. */
  #strangers(): OpenCall[] {
    return [...this.#open.values()].filter(({ birth }) => birth !== this.#store.birth);
  }

  #isLate({ endedMs }: EndedCall): boolean {
    return this.#options.clock.elapsedMs() - endedMs > this.#options.ledgerLagMs;
  }

  #now(id: string, charges: readonly Charge[]): OpenCall {
    const nowMs = this.#store.nowMs();
    return { id, charges, places: charges.map(({ limit }) => placeNow(limit, nowMs)), birth: 0 };
  }
}

/** Lets all of them end before it tells of the first that failed. */
async function allDone(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
