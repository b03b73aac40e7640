import { setTimeout as pause } from 'node:timers/promises';
import type { Alert, AlertFacts } from '../domain/alert.ts';
import type { SinkEvent } from '../domain/sink-event.ts';
import type { DeliveryKind, SinkSettings } from '../domain/sink-settings.ts';
import type { Clock, Log } from '../ports.ts';
import { type AwsCredentialSource, createAwsCredentials } from './aws/credentials.ts';
import { boundsOf, type SinkBounds } from './delivery/bounds.ts';
import { type Environment, SinkSettingsError } from './define-sink.ts';
import type { Delivery } from './delivery/delivery.ts';
import type { SinkHttp } from './http.ts';
import { openAlertDelivery, openCallDelivery } from './delivery/open-delivery.ts';
import { type PreparedEntry, prepareSinks, withRegion } from './prepare-sinks.ts';
import type { Sink, SinkContext } from './sink.ts';
import { atMost } from './in-time.ts';
import { whyOutOfReach } from './reach-sink.ts';
import { type SinkState, SinkStatus } from './delivery/sink-status.ts';
import { createUndiciHttp, REQUEST_TIMEOUT_MS } from './undici-http.ts';
import { writeToStdout } from './write-stdout.ts';

export interface SinksInputs {
  readonly sinks: readonly SinkSettings[];
  readonly env: Environment;
  /** Of the gateway. */
  readonly region?: string | null;
  /** Outboxes are in `outbox` in it. */
  readonly dataDir: string;
  readonly clock: Clock;
  /** From 0 to 1, as `Math.random`. */
  readonly random: () => number;
  readonly log: Log;
  /** Asks for the gateway's own AWS credentials: for sinks at AWS that have none of their own. */
  readonly loadAwsCredentials: AwsCredentialSource;
  /** Other bounds for all sinks than their own, for tests. */
  readonly bounds?: Partial<SinkBounds>;
  /** How long a receiver may take for an answer, for tests. */
  readonly requestTimeoutMs?: number;
}

export interface Sinks {
  /** Those that get calls; others get alerts. */
  readonly namesOfCallSinks: readonly string[];
  /**
   * Hands a finished call over; never throws and never waits.
   * @param wanted whether a sink, by its name, shall have this one: for keys and teams that have switched some off
   */
  accept(event: SinkEvent, wanted?: (sink: string) => boolean): void;
  alert(facts: AlertFacts): void;
  state(): readonly SinkState[];
  /** Sends what waits, for so long at most, and ends. What waits on a disk and could not be sent stays there. */
  close(deadlineMs: number): Promise<void>;
}

interface OpenSink<Given> {
  readonly settings: SinkSettings;
  readonly kind: DeliveryKind;
  readonly status: SinkStatus;
  readonly delivery: Delivery<Given>;
  readonly sink: Sink;
}

/** How long the last batches may take to be broken off. */
const LAST_WORDS_MS = 1000;

/**
 * Opens all sinks. A receiver that can't be reached is told in the log and holds up nothing.
 * @throws SinkSettingsError with a line for every mistake of every sink; none is open then
 */
export async function openSinks(inputs: SinksInputs): Promise<Sinks> {
  const { clock, log } = inputs;
  const entries = await prepareSinks(inputs.sinks, withRegion(inputs.env, inputs.region ?? null));
  const http = createUndiciHttp(inputs.requestTimeoutMs);
  const awsCredentials = createAwsCredentials(inputs.loadAwsCredentials, clock);
  const calls: OpenSink<SinkEvent>[] = [];
  const alerts: OpenSink<Alert>[] = [];

  const alert = (facts: AlertFacts, except?: string): void => {
    const told: Alert = { ...facts, atMs: clock.nowMs() };
    for (const { settings, delivery } of alerts) if (settings.name !== except) delivery.push(told);
  };
  const all = (): readonly OpenSink<never>[] => [...calls, ...alerts];
  const close = (deadlineMs: number): Promise<void> => closeAll(all(), http, deadlineMs);

  const mistakes: string[] = [];
  for (const entry of entries) {
    try {
      await openOne(entry);
    } catch (error) {
      if (!(error instanceof SinkSettingsError)) throw error;
      mistakes.push(...error.lines.map((line) => `sink ${entry.settings.name}: ${line}`));
    }
  }
  if (mistakes.length > 0) {
    await close(0);
    throw new SinkSettingsError(mistakes);
  }
  for (const { settings, sink } of all()) void tryToReach(settings.name, sink, http, log);

  async function openOne({ settings, definition, prepared }: PreparedEntry): Promise<void> {
    const { name } = settings;
    const sink = await prepared.open(contextOf(name, inputs, http, awsCredentials));
    const kind = settings.delivery ?? definition.delivery;
    const bounds = { ...boundsOf(settings, definition.bounds), ...inputs.bounds };
    // Nobody is told by a sink that the same sink fails.
    const carries = sink.kind === 'alerts' ? 'alerts' : 'call records';
    const status = new SinkStatus({ name, carries, clock, log, alert: (facts) => alert(facts, name) });
    const { dataDir, random } = inputs;
    const ofDelivery = { settings, bounds, status, dataDir, clock, random };
    const opened = { settings, kind, status, sink };
    if (sink.kind === 'alerts') alerts.push({ ...opened, delivery: openAlertDelivery(sink, kind, ofDelivery) });
    else calls.push({ ...opened, delivery: await openCallDelivery(sink, kind, ofDelivery) });
  }

  return {
    namesOfCallSinks: calls.map(({ settings }) => settings.name),
    accept: (event, wanted) => {
      let bare: SinkEvent | null = event.content === null ? event : null;
      for (const { settings, delivery } of calls) {
        if (wanted !== undefined && !wanted(settings.name)) continue;
        if (settings.content) delivery.push(event);
        else delivery.push((bare ??= { ...event, content: null }));
      }
    },
    alert,
    state: () => all().map(stateOf),
    close,
  };
}

function contextOf(
  name: string,
  { clock, random, dataDir, requestTimeoutMs = REQUEST_TIMEOUT_MS }: SinksInputs,
  http: SinkHttp,
  awsCredentials: SinkContext['awsCredentials'],
): SinkContext {
  return { name, clock, random, dataDir, http, requestTimeoutMs, awsCredentials, stdout: writeToStdout };
}

function stateOf({ settings, kind, status, delivery }: OpenSink<never>): SinkState {
  const { name, type } = settings;
  return { name, type, delivery: kind, queued: delivery.queued, outboxBytes: delivery.outboxBytes, ...status.counts };
}

async function tryToReach(name: string, sink: Sink, http: SinkHttp, log: Log): Promise<void> {
  const reason = await whyOutOfReach(sink, http);
  if (reason !== null) log.warn({ sink: name, reason }, 'the receiver of a sink does not answer yet');
}

async function closeAll(
  sinks: readonly OpenSink<never>[],
  http: { close(): Promise<void> },
  deadlineMs: number,
): Promise<void> {
  for (const { delivery } of sinks) delivery.hurry();
  const enough = new AbortController();
  const drained = Promise.all(sinks.map(({ delivery }) => delivery.drained()));
  const deadline = pause(deadlineMs, undefined, { signal: enough.signal }).catch(() => undefined);
  await Promise.race([drained, deadline]);
  enough.abort();
  // A standard output that nobody reads can't be broken off, nor can a disk that does not answer.
  await atMost(LAST_WORDS_MS, Promise.all(sinks.map(({ delivery }) => delivery.close())));
  await atMost(LAST_WORDS_MS, Promise.all(sinks.map(async ({ sink }) => sink.close?.())));
  await atMost(LAST_WORDS_MS, http.close());
}
