import { randomBytes } from 'node:crypto';
import { bindAdminLedger } from '../../src/admin-ledger.ts';
import { bindAdminParts } from '../../src/admin-parts.ts';
import type { AdminParts, Metering, OfferedLogging } from '../../src/admin/ports.ts';
import { createAdminServer } from '../../src/admin/serve.ts';
import { dataKey, type DataKey } from '../../src/domain/keys/data-key.ts';
import { Bound } from '../../src/domain/bound.ts';
import { FailedLogins } from '../../src/domain/failed-logins.ts';
import { HeaderList } from '../../src/domain/headers.ts';
import { createPriceBook, type PriceBook } from '../../src/domain/pricing/price-book.ts';
import type { Resolution } from '../../src/domain/policy/judge-models.ts';
import type { Clock, Exchange, Log } from '../../src/ports.ts';
import { packagedPrices } from '../../src/prices/load-prices.ts';
import type { Storage } from '../../src/storage/storage.ts';
import type { TestDatabase } from '../contracts/each-database.ts';
import { FakeMetering } from './fake-metering.ts';
import { withDataKeys } from '../contracts/sample-objects.ts';

export const MASTER = 'sk-test-master-key-0123456789';

/** An answer of the management API. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The JSON of the body, or an empty object. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface Asked {
  readonly key?: string | null;
  readonly headers?: readonly string[];
  /** An object is sent as JSON, a text as it is. */
  readonly body?: unknown;
  readonly sourceAddress?: string | null;
}

/** The management API over a store of its own, spoken to through exchanges as the server makes them. */
export interface TestAdmin {
  readonly parts: AdminParts;
  readonly storage: Storage;
  readonly metering: FakeMetering;
  readonly logged: string[];
  /** Moves the clock forward. */
  pass(ms: number): void;
  /** @param request such as `POST /key/generate`; with the master key unless another or none is given. */
  ask(request: string, asked?: Asked): Promise<Answered>;
}

export async function openTestAdmin({
  database,
  masterKey = MASTER,
  failedLoginsPerMinuteMax = 1_000_000,
  bodyBytesInFlightMax = 2 ** 24,
  prices = createPriceBook(packagedPrices()),
  resolutions = new Map(),
  elapsedMs = () => performance.now(),
  logging = { sinks: ['stdout', 'audit'], content: 'all' },
  meter,
}: {
  readonly database: TestDatabase;
  readonly masterKey?: string | null;
  readonly failedLoginsPerMinuteMax?: number;
  readonly bodyBytesInFlightMax?: number;
  readonly prices?: PriceBook;
  /** What AWS says that names stand for. */
  readonly resolutions?: ReadonlyMap<string, Resolution>;
  readonly elapsedMs?: () => number;
  /** What keys and teams have to choose from. */
  readonly logging?: OfferedLogging;
  /** Real counters and a real ledger instead of those of `metering`. */
  readonly meter?: (storage: Storage, clock: Clock) => Metering;
}): Promise<TestAdmin> {
  let passedMs = 0;
  const clock: Clock = { nowMs: () => Date.now() + passedMs, elapsedMs };
  const logged: string[] = [];
  const log = recordingLog(logged);
  const failedLogins = new FailedLogins(failedLoginsPerMinuteMax);
  const storage = await database.open(undefined, log, clock);
  await withDataKeys(storage, 1);
  const key: DataKey = dataKey(1, randomBytes(32));
  const metering = new FakeMetering();
  const parts = bindAdminParts(storage, {
    metering: meter?.(storage, clock) ?? metering,
    ledger: bindAdminLedger(storage, () => QUIET_LEDGER),
    prices,
    modelResolver: { resolve: () => Promise.resolve(resolutions) },
    dataKeys: {
      current: key,
      live: () => [key],
      byVersion: (version) => (version === 1 ? key : undefined),
      catchUp: () => Promise.resolve(false),
      roll: () => Promise.resolve(key),
    },
    rehash: () => undefined,
    masterKey: masterKey === null ? null : { matches: (text) => text === masterKey },
    keyHeader: null,
    bodyBytes: new Bound(bodyBytesInFlightMax),
    tooManyFailedLogins: (address) => failedLogins.note(address, clock.elapsedMs()) !== 'within',
    clock,
    log,
    version: '0.0.0',
    logging,
  });
  const server = createAdminServer(parts);
  return {
    parts,
    storage,
    metering,
    logged,
    pass: (ms) => {
      passedMs += ms;
    },
    ask: async (request, asked = {}) => {
      const [method = '', target = ''] = request.split(' ', 2);
      const { exchange, answer } = fakeExchange(method, target, asked);
      const sourceAddress = asked.sourceAddress === undefined ? '192.0.2.1' : asked.sourceAddress;
      await server.handle({ exchange, requestId: 'test-request', sourceAddress });
      return answer();
    },
  };
}

const QUIET_LEDGER = {
  spoolBytes: 0,
  spoolBytesMax: 2 ** 30,
  isFull: false,
  isStoreDown: false,
  openCalls: 0,
  waitingEnds: 0,
  refusalsNotRecorded: 0,
} as const;

function fakeExchange(method: string, target: string, { key = MASTER, headers = [], body }: Asked) {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  const bytes = Buffer.from(text);
  const carried = key === null ? [] : ['authorization', `Bearer ${key}`];
  let answered: Answered | null = null;
  const never = (): never => {
    throw new Error('The management API answers whole.');
  };
  const exchange: Exchange = {
    protocol: 'HTTP/1.1',
    method,
    target,
    headers: HeaderList.fromRaw(['host', 'gateway', ...carried, ...headers]),
    peerAddress: '192.0.2.1',
    framingFault: null,
    contentLength: bytes.length,
    body: {
      read: (sink) => {
        sink.data(bytes);
        sink.end();
      },
      stop: () => undefined,
    },
    get answered() {
      return answered !== null;
    },
    flushed: true,
    gone: false,
    startAnswer: never,
    write: never,
    endAnswer: never,
    break: never,
    onDrain: never,
    onGone: () => undefined,
    answerWhole: (status, raw, whole) => {
      const pairs = raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ''] as const] : []));
      const content = Buffer.from(whole).toString();
      answered = { status, headers: Object.fromEntries(pairs), text: content, json: jsonOf(content) };
    },
  };
  return {
    exchange,
    answer: (): Answered => {
      if (answered === null) throw new Error('The request was not answered.');
      return answered;
    },
  };
}

function jsonOf(text: string): Record<string, unknown> {
  if (!text.startsWith('{')) return {};
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function recordingLog(logged: string[]): Log {
  const at = (facts: object, message: string): void => {
    logged.push(`${message} ${JSON.stringify(facts)}`);
  };
  return { debug: at, info: at, warn: at, error: at };
}

/** A text field of an answer. */
export function textOf(answered: Answered, field: string): string {
  const value = answered.json[field];
  if (typeof value !== 'string') throw new Error(`There is no text ${field} in ${answered.text}`);
  return value;
}

/** The `error` of a refusal. */
export function errorOf({ json }: Answered): Readonly<Record<string, unknown>> {
  const { error } = json;
  return typeof error === 'object' && error !== null ? { ...error } : {};
}
