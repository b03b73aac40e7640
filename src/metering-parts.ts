import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Settings } from './config/settings.ts';
import type { LimitListener, LoadUsed } from './counters/counters.ts';
import { MemoryCounters } from './counters/memory.ts';
import { RenewingCounters, RESERVATION_TTL_MS } from './counters/renewing.ts';
import { Seeds } from './counters/seeds.ts';
import { limitsFromFields } from './domain/limits/limit-fields.ts';
import type { AlertFacts } from './domain/alert.ts';
import { type Limit, makeLimit, maxAt } from './domain/limits/limit.ts';
import type { PriceBook } from './domain/pricing/price-book.ts';
import { KnownLimits } from './keys/caller-limits.ts';
import { KnownKeySpend } from './keys/key-spend.ts';
import { openLedger, type Ledger } from './ledger/ledger.ts';
import type { CallerLimits, Clock, Counters, KeySpend, Log } from './ports.ts';
import { loadPrices } from './prices/load-prices.ts';
import { findCustomer } from './storage/customers.ts';
import { countedSince } from './storage/counted-spend.ts';
import { createLedgerStore } from './storage/ledger-store.ts';
import type { Storage } from './storage/storage.ts';

/** The part of the composition root that measures, limits and writes down. */
export interface MeteringParts {
  readonly ledger: Ledger;
  readonly counters: Counters;
  readonly callerLimits: CallerLimits;
  readonly keySpend: KeySpend;
  readonly prices: PriceBook;
  close(): Promise<void>;
}

export interface MeteringInputs {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  /** Told when the disk has lost what it had promised to keep. */
  readonly fatal: (error: unknown) => void;
  /** Tells an operator what can't wait. */
  readonly alert: (facts: AlertFacts) => void;
}

/** How long a call waits for what earlier processes have left behind to be stored. */
const REPLAY_WAIT_MS = 5000;

/** @throws what the disk throws */
export async function openMeteringParts({
  settings,
  storage,
  clock,
  log,
  fatal,
  alert,
}: MeteringInputs): Promise<MeteringParts> {
  const prices = await loadPrices({ dataDir: settings.dataDir, overrides: settings.prices, log });
  const ledger = await openLedger({
    store: createLedgerStore(storage),
    dataDir: settings.dataDir,
    clock,
    log,
    fatal,
    bounds: {
      durability: settings.durability,
      spoolBytesMax: settings.spoolBytesMax,
      retentionDays: settings.retentionDays,
    },
  });
  const load: LoadUsed = async (needs) => {
    // What dead processes have left behind counts too; who can't wait for it is told that nothing is known yet.
    await Promise.race([ledger.replayed, failAfter(REPLAY_WAIT_MS)]);
    return countedSince(storage, needs);
  };
  const counters = await openCounters({ settings, seeds: new Seeds({ load, clock, log }), clock, log, alert });
  const knownLimits = new KnownLimits({
    ofAll: limitsFromFields({ kind: 'all', id: '' }, { limits: settings.limits }),
    ofTags: new Map(
      Object.entries(settings.tagLimits).map(([tag, fields]) => [
        tag,
        limitsFromFields({ kind: 'tag', id: tag }, fields),
      ]),
    ),
    findCustomer: async (id) => {
      const customer = await findCustomer(storage.read, id);
      if (customer === null) return null;
      const limits = limitsFromFields({ kind: 'customer', id }, customer.limits ?? {});
      return { blocked: customer.blocked, limits };
    },
  });
  storage.changes.subscribe((news) => knownLimits.hear(news));
  const keySpend = new KnownKeySpend({
    load: async (keyId) => {
      const [nanos = 0] = await load([{ limit: spendOfKey(keyId), sinceMs: 0 }]);
      return BigInt(nanos);
    },
    isAllStored: () => {
      const { waitingEnds, isStoreDown } = ledger.state();
      return waitingEnds === 0 && !isStoreDown;
    },
    clock,
    log,
  });
  const callerLimits: CallerLimits = {
    of: (caller, attribution) => {
      const limits = knownLimits.of(caller, attribution);
      const spendKnown = caller.kind === 'key' ? keySpend.begins(caller.keyId) : null;
      return spendKnown === null ? limits : spendKnown.then(() => limits);
    },
  };
  return {
    ledger,
    counters,
    callerLimits,
    keySpend,
    prices,
    close: async () => {
      await ledger.close();
      await counters.close();
    },
  };
}

interface CounterInputs {
  readonly settings: Settings;
  readonly seeds: Seeds;
  readonly alert: (facts: AlertFacts) => void;
  readonly clock: Clock;
  readonly log: Log;
}

async function openCounters({ settings, seeds, clock, log, alert }: CounterInputs): Promise<Counters> {
  const onEvent: LimitListener = (limit, event) => {
    const max = maxAt(limit, clock.nowMs());
    const { used } = event;
    if (event.kind === 'reached') {
      const { threshold } = event;
      log.warn({ limit: limit.id, threshold, used, max }, 'a limit has reached a threshold');
      alert({ kind: 'limitReached', limit, threshold, used });
    } else {
      const { amount } = event;
      log.warn({ limit: limit.id, amount, used, max }, 'a limit has refused a call, the first in its window');
      alert({ kind: 'limitRefused', limit, amount, used });
    }
  };
  const { countersMax } = settings;
  const options = { countersMax, reservationTtlMs: RESERVATION_TTL_MS, clock, seeds, onEvent };
  if (settings.redisUrl === null) return new RenewingCounters(new MemoryCounters(options));
  const { openRedisCounters, REDIS_TIMING } = await import('./counters/redis.ts');
  const ofFleet = {
    url: settings.redisUrl,
    prefix: settings.redisPrefix,
    instanceId: randomUUID(),
    budgetsWhenDown: settings.budgetsWithoutRedis,
    timing: REDIS_TIMING,
    log,
  };
  return new RenewingCounters(await openRedisCounters({ ...options, ...ofFleet }));
}

function spendOfKey(keyId: string): Limit {
  return makeLimit({ kind: 'spend', max: 0, window: { kind: 'forever' }, scope: { kind: 'key', id: keyId } });
}

async function failAfter(ms: number): Promise<never> {
  await pause(ms, undefined, { ref: false });
  throw new Error('The records of an earlier process are still being stored.');
}
