import { after } from 'node:test';
import type { LedgerBounds } from '../../src/ledger/bounds.ts';
import type { Disk } from '../../src/ledger/disk.ts';
import { type Ledger, openLedger } from '../../src/ledger/ledger.ts';
import type { LedgerStore } from '../../src/ledger/ledger-store.ts';
import type { Log } from '../../src/ports.ts';
import { FakeStore } from './fake-store.ts';
import { NOON_MS } from './sample-calls.ts';
import { SimulatedDisk } from './simulated-disk.ts';

const KIB = 1024;

/** Small and quick, so that a test meets every bound. */
const SMALL: Partial<LedgerBounds> = {
  spoolBytesMax: 256 * KIB,
  segmentBytesMax: 16 * KIB,
  reserveBytes: 32 * KIB,
  waitingEndsMax: 60,
  flushEveryMs: 1,
  retryMs: 1,
  retryMsMax: 4,
  lookEveryMs: 2,
  adoptEveryMs: 60_000,
};

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
}

/** A ledger on a simulated disk and a store in memory. */
export interface TestLedger {
  readonly ledger: Ledger;
  readonly store: FakeStore;
  readonly disk: SimulatedDisk;
  readonly lines: readonly LogLine[];
  readonly fatals: readonly unknown[];
  /** Ends the process without a word. */
  kill(): void;
}

export interface TestLedgerOptions {
  readonly store?: FakeStore;
  readonly disk?: SimulatedDisk;
  readonly bounds?: Partial<LedgerBounds>;
}

export async function openTestLedger(options: TestLedgerOptions = {}): Promise<TestLedger> {
  const store = options.store ?? new FakeStore();
  const disk = options.disk ?? new SimulatedDisk();
  const process = disk.process();
  const lines: LogLine[] = [];
  const fatals: unknown[] = [];
  let isDead = false;
  const ledger = await openLedger({
    store: {
      batchCallsMax: store.batchCallsMax,
      // A dead process stores nothing any more.
      insertCalls: (records) => (isDead ? new Promise(() => undefined) : store.insertCalls(records)),
      isUnstorable: (error) => store.isUnstorable(error),
      maintain: (...args) => store.maintain(...args),
    } satisfies LedgerStore,
    dataDir: '/data',
    clock: { nowMs: () => NOON_MS, elapsedMs: () => performance.now() },
    log: logInto(lines),
    fatal: (error) => fatals.push(error),
    disk: process.disk satisfies Disk,
    bounds: { ...SMALL, ...options.bounds },
  });
  const kill = () => {
    isDead = true;
    process.kill();
  };
  after(kill);
  return { ledger, store, disk, lines, fatals, kill };
}

function logInto(lines: LogLine[]): Log {
  const take = (level: LogLine['level']) => (_facts: object, message: string) => void lines.push({ level, message });
  return { debug: take('debug'), info: take('info'), warn: take('warn'), error: take('error') };
}
