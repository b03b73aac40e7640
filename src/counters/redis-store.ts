import type { Charge } from '../domain/limits/charges.ts';
import { isRate, type Limit } from '../domain/limits/limit.ts';
import { isThreshold, type Threshold } from '../domain/limits/thresholds.ts';
import type { Clock } from '../ports.ts';
import { RedisFault, type RedisLink, type Reply } from './redis-link.ts';
import { type Place, placeAt, spanOf } from './redis-places.ts';

/**
 * How long Redis keeps the record of a call that nobody settles. Longer than any outage after which a settlement should
 * still find it; what the call holds stays counted in any case.
 */
const RECORD_TTL_MS = 3_600_000;
/** How long a call that was settled without Redis having been heard of is remembered, against its settling twice. */
const TOMBSTONE_TTL_MS = 600_000;

export type StoreReservation =
  | {
      readonly kind: 'admitted';
      readonly birth: number;
      readonly remaining: readonly number[];
      readonly places: readonly Place[];
    }
  | {
      readonly kind: 'refused';
      readonly index: number;
      readonly used: number;
      readonly retryAfterMs: number | null;
      readonly isFirst: boolean;
    }
  | { readonly kind: 'restoring'; readonly index: number; readonly retryAfterMs: number }
  | { readonly kind: 'unseeded'; readonly indexes: readonly number[] };

/** A call as Redis was told of it. */
export interface StoredCall {
  readonly id: string;
  readonly charges: readonly Charge[];
  readonly places: readonly Place[];
}

export interface ReachedThreshold {
  readonly index: number;
  readonly threshold: Threshold;
  readonly used: number;
}

export interface StoreUse {
  readonly used: number;
  readonly reserved: number;
  readonly seeded: boolean;
}

/** The counters in Redis: speaks the script's language, and knows its time and its generation. Every call can throw RedisFault. */
export class RedisStore {
  readonly #link: RedisLink;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #reservationTtlMs: number;
  readonly #closedMs: number;
  readonly #onLost: () => void;
  #birth = 0;
  #ops = 0;
  /** From this machine's clock to that of Redis. */
  #offsetMs = 0;

  /**
   * @param prefix of all keys; in braces, so that a cluster has all of them in one place
   * @param closedMs how long hard budgets are closed after counters were lost
   */
  constructor(options: {
    readonly link: RedisLink;
    readonly prefix: string;
    readonly clock: Clock;
    readonly reservationTtlMs: number;
    readonly closedMs: number;
    readonly onLost: () => void;
  }) {
    this.#link = options.link;
    this.#prefix = `{${options.prefix}}`;
    this.#clock = options.clock;
    this.#reservationTtlMs = options.reservationTtlMs;
    this.#closedMs = options.closedMs;
    this.#onLost = options.onLost;
  }

  /** Which generation of counters was heard of last; 0 before any. */
  get birth(): number {
    return this.#birth;
  }

  /** The time of Redis, as far as it is known. */
  nowMs(): number {
    return this.#clock.nowMs() + this.#offsetMs;
  }

  /** @param lenient lets soft limits go on unseeded */
  async reserve(id: string, charges: readonly Charge[], lenient: boolean): Promise<StoreReservation> {
    for (;;) {
      const nowMs = this.nowMs();
      const args = charges.flatMap(({ limit, max, amount }) => {
        const isBudget = limit.hard && !isRate(limit);
        return [...spanArgs(limit, nowMs), max, amount, flag(limit.hard), flag(isBudget)];
      });
      const [birth, , , word, ...rest] = await this.#run(
        'reserve',
        [this.#callKey(id), ...this.#counterKeys(charges)],
        [this.#reservationTtlMs, RECORD_TTL_MS, flag(lenient), id, ...args],
      );
      // Our clock had another window than that of Redis; now it is set.
      if (word === 'clock') continue;
      return reservationOf(id, charges, number(birth), word, rest, this.nowMs());
    }
  }

  /**
   * @param certain whether Redis surely knew of the call: where it no longer does, it is over already
   * @param late whether it ended so long ago that the ledger has it
   * @returns the thresholds it reached
   */
  async settle(
    { id, charges, places }: StoredCall,
    amounts: readonly number[],
    { certain, late }: { readonly certain: boolean; readonly late: boolean },
  ): Promise<readonly ReachedThreshold[]> {
    const args = charges.flatMap(({ max, amount }, index) => {
      const { kind, a, b, position } = places[index] ?? NOWHERE;
      return [kind, a, b, max, amount, amounts[index] ?? amount, position];
    });
    const [, , , , ...told] = await this.#run(
      'settle',
      [this.#callKey(id), ...this.#counterKeys(charges)],
      [certain ? 'skip' : 'add', certain ? 0 : TOMBSTONE_TTL_MS, flag(late), id, ...args],
    );
    return thresholdsOf(told);
  }

  /** Counts a running call again. */
  async restore({ id, charges, places }: StoredCall): Promise<void> {
    const args = charges.flatMap(({ amount }, index) => {
      const { kind, a, b, position } = places[index] ?? NOWHERE;
      return [kind, a, b, amount, position];
    });
    const keys = [this.#callKey(id), ...this.#counterKeys(charges)];
    await this.#run('restore', keys, [this.#reservationTtlMs, RECORD_TTL_MS, id, ...args]);
  }

  async renew({ id, charges }: StoredCall): Promise<void> {
    const running = charges.filter(({ limit }) => limit.window.kind === 'none');
    const keys = [this.#callKey(id), ...this.#counterKeys(running)];
    await this.#run('renew', keys, [this.#reservationTtlMs, RECORD_TTL_MS, id]);
  }

  async seed(seeds: readonly { readonly limit: Limit; readonly used: number }[]): Promise<void> {
    const nowMs = this.nowMs();
    const args = seeds.flatMap(({ limit, used }) => [...spanArgs(limit, nowMs), limit.max, used, flag(limit.hard)]);
    await this.#run('seed', this.#counterKeys(seeds), args);
  }

  /** @returns how many instances there are */
  async beat(instanceId: string, goneAfterMs: number): Promise<number> {
    const [, , , , count] = await this.#run('beat', [`${this.#prefix}:instances`], [instanceId, goneAfterMs]);
    return number(count);
  }

  async used(limits: readonly Limit[]): Promise<readonly StoreUse[]> {
    const nowMs = this.nowMs();
    const keys = this.#counterKeys(limits.map((limit) => ({ limit })));
    const [, , , , ...uses] = await this.#run(
      'used',
      keys,
      limits.flatMap((limit) => spanArgs(limit, nowMs)),
    );
    return limits.map((_, index) => ({
      used: number(uses[3 * index]),
      reserved: number(uses[3 * index + 1]),
      seeded: uses[3 * index + 2] === 1,
    }));
  }

  async reset(limit: Limit, used: number): Promise<void> {
    await this.#run('reset', this.#counterKeys([{ limit }]), [...spanArgs(limit, this.nowMs()), used]);
  }

  async #run(command: string, keys: readonly string[], args: readonly (string | number)[]): Promise<Reply> {
    const seen = [this.#birth, this.#ops, this.#closedMs] as const;
    const sentMs = this.#clock.nowMs();
    const reply = await this.#link.run([`${this.#prefix}:generation`, ...keys], [command, ...seen, ...args]);
    const [birth, ops, nowMs] = reply;
    this.#offsetMs = number(nowMs) - (sentMs + this.#clock.nowMs()) / 2;
    this.#see(number(birth), number(ops));
    return reply;
  }

  #see(birth: number, ops: number): void {
    if (birth < this.#birth) return;
    const isLost = this.#birth > 0 && birth > this.#birth;
    this.#ops = birth === this.#birth ? Math.max(this.#ops, ops) : ops;
    this.#birth = birth;
    if (isLost) this.#onLost();
  }

  #callKey(id: string): string {
    return `${this.#prefix}:call:${id}`;
  }

  #counterKeys(counted: readonly { readonly limit: Limit }[]): string[] {
    return counted.map(({ limit }) => `${this.#prefix}:count:${limit.id}`);
  }
}

const NOWHERE: Place = { kind: 'h', a: 0, b: 0, position: 0 };

function spanArgs(limit: Limit, nowMs: number): (string | number)[] {
  const { kind, a, b } = spanOf(limit, nowMs);
  return [kind, a, b];
}

function reservationOf(
  id: string,
  charges: readonly Charge[],
  birth: number,
  word: string | number | undefined,
  rest: Reply,
  nowMs: number,
): StoreReservation {
  switch (word) {
    case 'admitted':
      return {
        kind: 'admitted',
        birth,
        remaining: charges.map(({ max }, index) => max - number(rest[2 * index])),
        places: charges.map(({ limit }, index) => placeAt(limit, number(rest[2 * index + 1]), nowMs)),
      };
    case 'refused': {
      const [index, used, retryAfterMs, isFirst] = rest.map(number);
      return {
        kind: 'refused',
        index: number(index),
        used: number(used),
        retryAfterMs: number(retryAfterMs) < 0 ? null : number(retryAfterMs),
        isFirst: isFirst === 1,
      };
    }
    case 'restoring':
      return { kind: 'restoring', index: number(rest[0]), retryAfterMs: number(rest[1]) };
    case 'unseeded':
      return { kind: 'unseeded', indexes: rest.map(number) };
    case 'exists':
      throw new Error(`The reservation ${id} exists.`);
    case undefined:
    default:
      throw new RedisFault(`the script answered ${word}`);
  }
}

function thresholdsOf(told: Reply): readonly ReachedThreshold[] {
  const reached: ReachedThreshold[] = [];
  for (let at = 0; at + 2 < told.length; at += 3) {
    const threshold = number(told[at + 1]);
    if (isThreshold(threshold)) reached.push({ index: number(told[at]), threshold, used: number(told[at + 2]) });
  }
  return reached;
}

function flag(value: boolean): '0' | '1' {
  return value ? '1' : '0';
}

function number(part: string | number | undefined): number {
  if (typeof part === 'number') return part;
  throw new RedisFault('the script answered no number where one was due');
}
