import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import type { SinkEvent } from '../../src/domain/sink-event.ts';
import type { SinkSettings } from '../../src/domain/sink-settings.ts';
import type { Log } from '../../src/ports.ts';
import type { SinkBounds } from '../../src/sinks/delivery/bounds.ts';
import { openSinks, type Sinks } from '../../src/sinks/open-sinks.ts';
import type { SinkState } from '../../src/sinks/delivery/sink-status.ts';
import { sampleRecord } from '../ledger/sample-calls.ts';
import { NO_TRACE } from './traces.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly facts: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** Collects what operators are told. */
export function collectingLog(): { readonly log: Log; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: LogLine['level']) => (facts: object, message: string) =>
    void lines.push({ level, facts: { ...facts }, message });
  return { log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines };
}

export function settingsOf(name: string, options: Readonly<Record<string, unknown>> = {}): SinkSettings {
  return {
    name,
    type: name,
    delivery: null,
    content: true,
    batchSize: null,
    flushIntervalMs: null,
    queueSizeMax: null,
    queueBytesMax: null,
    outboxBytesMax: null,
    options,
  };
}

/** Quick, so that no test waits for what people would. */
const QUICK: Partial<SinkBounds> = { flushIntervalMs: 10, retry: { firstMs: 2, mostMs: 20 } };

export interface TestSinks extends Sinks {
  readonly lines: readonly LogLine[];
  readonly dataDir: string;
  one(): SinkState;
  /** Ends without another try, and leaves the data folder. */
  kill(): Promise<void>;
}

export interface TestSinksOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly dataDir?: string;
  readonly bounds?: Partial<SinkBounds>;
  readonly requestTimeoutMs?: number;
}

export const AWS_KEYS = { accessKeyId: 'AKIAEXAMPLE000000000', secretAccessKey: 'example-secret-of-the-gateway' };

const folders: string[] = [];

export function testFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'outcrop-sinks-'));
  folders.push(folder);
  return folder;
}

process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export async function openTestSinks(
  settings: readonly SinkSettings[],
  { env = {}, dataDir = testFolder(), bounds = {}, requestTimeoutMs = 5000 }: TestSinksOptions = {},
): Promise<TestSinks> {
  const { log, lines } = collectingLog();
  const sinks = await openSinks({
    sinks: settings,
    env,
    dataDir,
    clock: { nowMs: () => Date.now(), elapsedMs: () => performance.now() },
    random: Math.random,
    log,
    loadAwsCredentials: async () => AWS_KEYS,
    bounds: { ...QUICK, ...bounds },
    requestTimeoutMs,
  });
  let closing: Promise<void> | null = null;
  const close = (deadlineMs: number): Promise<void> => (closing ??= sinks.close(deadlineMs));
  // Also when the test has failed.
  after(() => close(0));
  return {
    ...sinks,
    close,
    lines,
    dataDir,
    one: () => {
      const [state] = sinks.state();
      if (state === undefined) throw new Error('There is no sink.');
      return state;
    },
    kill: () => close(0),
  };
}

export function sampleEvent(index: number, content: SinkEvent['content'] = null): SinkEvent {
  return { record: sampleRecord(index), trace: NO_TRACE, content };
}

export function sampleEvents(count: number, from = 0): readonly SinkEvent[] {
  return Array.from({ length: count }, (_, index) => sampleEvent(from + index));
}
