import type { Settings } from './config/settings.ts';
import type { AlertFacts } from './domain/alert.ts';
import type { PriceBook } from './domain/pricing/price-book.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';
import type { KeyParts } from './key-parts.ts';
import type { MeteringParts } from './metering-parts.ts';
import { nameAlerts } from './name-alerts.ts';
import type { CallerLimits, CallLedger, CallSinks, Clock, Counters, KeyHolders, KeySpend, Log } from './ports.ts';
import type { Sinks } from './sinks/open-sinks.ts';
import type { Storage } from './storage/storage.ts';
import type { LoadedCredentials } from './upstream/identities.ts';

/** What needs the store. It opens beside the start: nothing of it may hold up the port. */
export interface StoredParts {
  readonly storage: Promise<Storage>;
  /** Null where no key can be made. */
  readonly keys: Promise<KeyParts> | null;
  readonly metering: Promise<MeteringParts>;
  /** Null where call records go nowhere else. */
  readonly sinks: Promise<Sinks> | null;
  /** Null where nobody wants them. */
  readonly metrics: Promise<GatewayMetrics> | null;
  /** Tells an operator what can't wait, as soon as there is a way to. */
  alert(facts: AlertFacts): void;
}

/** How long sinks may take to send what waits, when the process ends. */
const SINKS_CLOSE_MS_MAX = 5000;

interface Inputs {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  readonly fatal: (error: unknown) => void;
  readonly loadCredentials: () => Promise<LoadedCredentials>;
  /** Where sinks may find their settings. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function openStoredParts({ settings, clock, log, fatal, loadCredentials, env }: Inputs): StoredParts {
  const { databaseUrl, dataDir, masterKey } = settings;
  const storage = import('./storage/storage.ts').then(({ openStorage }) =>
    openStorage({ databaseUrl, dataDir, callsOutlivePower: settings.durability === 'power', clock, log }),
  );
  const secret = settings.secretKey ?? masterKey;
  const keys =
    masterKey === null || secret === null
      ? null
      : Promise.all([storage, import('./key-parts.ts')]).then(([opened, { openKeyParts }]) =>
          openKeyParts({ settings, storage: opened, secret, clock, log }),
        );
  const sinks =
    settings.sinks.length === 0
      ? null
      : import('./sinks/open-sinks.ts').then(({ openSinks }) =>
          openSinks({
            sinks: settings.sinks,
            env,
            region: settings.region,
            dataDir,
            clock,
            random: Math.random,
            log,
            loadAwsCredentials: loadCredentials,
          }),
        );
  const { metrics: names } = settings;
  const metrics =
    names === 'off' ? null : import('./gateway-metrics.ts').then(({ openMetrics }) => openMetrics(names, clock));
  const alert = (facts: AlertFacts): void => void sinks?.then((all) => all.alert(facts)).catch(() => undefined);
  const metering = Promise.all([storage, import('./metering-parts.ts')]).then(([opened, { openMeteringParts }]) =>
    openMeteringParts({
      settings,
      storage: opened,
      clock,
      log,
      fatal,
      alert: nameAlerts(storage, alert),
    }),
  );
  // Who starts the process asks `storedPartsReady`; until then a rejection is not unhandled.
  for (const part of [storage, keys, metering, sinks, metrics]) part?.catch(() => undefined);
  return { storage, keys, metering, sinks, metrics, alert };
}

/** Closes what was opened, in reverse. What never opened has nothing to close; why is for `storedPartsReady` to say. */
export async function closeStoredParts({ storage, keys, metering, sinks }: StoredParts): Promise<void> {
  await metering.then((parts) => parts.close()).catch(() => undefined);
  await sinks?.then((all) => all.close(SINKS_CLOSE_MS_MAX)).catch(() => undefined);
  await keys?.then((parts) => parts.close()).catch(() => undefined);
  await storage.then((opened) => opened.close()).catch(() => undefined);
}

/** Requests with a virtual key that come in the first moments wait for the store. */
export function holdersOnceReady(ready: Promise<KeyParts>): KeyHolders {
  let holders: KeyHolders | null = null;
  void ready.then((parts) => (holders = parts.holders)).catch(() => undefined);
  return {
    byBearerKey: (key) =>
      holders === null ? ready.then((parts) => parts.holders.byBearerKey(key)) : holders.byBearerKey(key),
    byAccessKeyId: (id) =>
      holders === null ? ready.then((parts) => parts.holders.byAccessKeyId(id)) : holders.byAccessKeyId(id),
  };
}

/** Who else is told of finished calls; null where nobody is. Those that end before all is open are few, and wait. */
export function sinksOnceReady({ sinks, metrics }: StoredParts): CallSinks | null {
  const ready = [...(sinks === null ? [] : [sinks]), ...(metrics === null ? [] : [metrics])];
  if (ready.length === 0) return null;
  let open: readonly CallSinks[] | null = null;
  const opening = Promise.all(ready);
  void opening.then((opened) => (open = opened)).catch(() => undefined);
  return {
    accept: (event, wanted) => {
      if (open !== null) for (const sink of open) sink.accept(event, wanted);
      else void opening.then((opened) => opened.forEach((sink) => sink.accept(event, wanted))).catch(() => undefined);
    },
  };
}

/** What the proxy measures and limits by. */
interface Metering {
  readonly callerLimits: CallerLimits;
  readonly counters: Counters;
  readonly keySpend: KeySpend;
  readonly ledger: CallLedger;
  prices(): PriceBook;
}

/** Every call asks for its limits first, and so waits there in the first moments; the rest is at hand by then. */
export function meteringOnceReady(ready: Promise<MeteringParts>): Metering {
  let parts: MeteringParts | null = null;
  void ready.then((opened) => (parts = opened)).catch(() => undefined);
  const opened = (): MeteringParts => {
    if (parts === null) throw new Error('A call was measured before its limits were known.');
    return parts;
  };
  return {
    callerLimits: {
      of: (caller, attribution) =>
        parts === null
          ? ready.then(({ callerLimits }) => callerLimits.of(caller, attribution))
          : parts.callerLimits.of(caller, attribution),
    },
    counters: {
      reserve: (id, charges) => opened().counters.reserve(id, charges),
      settle: (id, amounts) => opened().counters.settle(id, amounts),
      renew: (id) => opened().counters.renew(id),
      used: (limits) => ready.then(({ counters }) => counters.used(limits)),
      reset: (limit, used) => ready.then(({ counters }) => counters.reset(limit, used)),
      close: () => Promise.resolve(),
    },
    keySpend: { add: (keyId, nanos) => opened().keySpend.add(keyId, nanos) },
    ledger: {
      start: (start) => opened().ledger.start(start),
      // A request refused in the first moments is written down when that is possible.
      end: (record) =>
        parts === null
          ? void ready.then(({ ledger }) => ledger.end(record)).catch(() => undefined)
          : parts.ledger.end(record),
      endSoon: (record) => opened().ledger.endSoon(record),
    },
    prices: () => opened().prices,
  };
}
