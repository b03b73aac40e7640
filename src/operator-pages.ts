import { readClaim } from './domain/credential-carriers.ts';
import { Refusal } from './domain/errors.ts';
import type { AnonymousRefusals } from './domain/anonymous-refusals.ts';
import { type FailedLogins, FAILED_LOGINS_WINDOW_SECONDS } from './domain/failed-logins.ts';
import type { Exchange } from './ports.ts';
import type { Proxy } from './proxy/proxy.ts';
import type { StoredParts } from './parts-at-start.ts';

/** A page that operators read, or their monitoring does. */
interface Page {
  readonly contentType: string;
  readonly text: string;
}

export interface OperatorPages {
  /** Whether a request is for one of them, which costs the others next to nothing to be asked. */
  has(target: string): boolean;
  answer(exchange: Exchange): Promise<void>;
}

/** What is counted elsewhere. */
interface Tallies {
  /** Requests under way. */
  running(): number;
  readonly failedLogins: Pick<FailedLogins, 'total'>;
  readonly anonymousRefusals: AnonymousRefusals;
}

const PATHS = /^\/(?:metrics|health\/sinks)(?:$|\?)/;

/**
 * The light pages for operators, which need the master key and not the whole management API: monitoring asks for them
 * every few seconds.
 */
export function createOperatorPages(stored: StoredParts, proxy: Proxy, tallies: Tallies): OperatorPages {
  const pageOf = (target: string): Promise<Page | null> =>
    target.startsWith('/metrics') ? metricsPage(stored, tallies) : sinksPage(stored);
  return {
    has: (target) => PATHS.test(target),
    answer: async (exchange) => {
      if (exchange.method !== 'GET') answer(exchange, 405, json({ error: 'This page is read by GET.' }));
      else if (!holdsMasterKey(exchange, proxy)) refuse(exchange, proxy);
      else {
        const page = await pageOf(exchange.target);
        if (page === null) answer(exchange, 404, json({ error: 'There are no metrics: set OUTCROP_METRICS.' }));
        else answer(exchange, 200, page);
      }
    },
  };
}

/** A wrong key counts with all others that come from its address: nobody guesses here what is counted elsewhere. */
function refuse(exchange: Exchange, proxy: Proxy): void {
  const isGuess = proxy.masterKey !== null && bringsSomething(exchange, proxy);
  if (isGuess && proxy.tooManyFailedLogins(proxy.clientAddress(exchange))) {
    const text = 'Too many requests with wrong keys have come from this address.';
    answer(exchange, 429, json({ error: text }), ['retry-after', String(FAILED_LOGINS_WINDOW_SECONDS)]);
  } else {
    answer(exchange, 401, json({ error: 'This page needs the master key: Authorization: Bearer <master key>.' }));
  }
}

function bringsSomething({ headers }: Exchange, { options }: Proxy): boolean {
  try {
    return readClaim(headers, options.keyHeader).kind !== 'none';
  } catch (error) {
    if (error instanceof Refusal) return true;
    throw error;
  }
}

function holdsMasterKey({ headers }: Exchange, { masterKey, options }: Proxy): boolean {
  try {
    const claim = readClaim(headers, options.keyHeader);
    return masterKey !== null && claim.kind === 'bearer' && masterKey.matches(claim.key);
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

async function sinksPage({ sinks }: StoredParts): Promise<Page> {
  return json({ sinks: sinks === null ? [] : (await sinks).state() });
}

async function metricsPage({ metrics, metering, sinks }: StoredParts, tallies: Tallies): Promise<Page | null> {
  if (metrics === null) return null;
  const opened = await metrics;
  const { ledger } = await metering;
  const states = sinks === null ? [] : (await sinks).state();
  const text = opened.render((set) => {
    set('outcrop_in_flight_requests', tallies.running());
    set('outcrop_failed_logins_total', tallies.failedLogins.total);
    for (const [reason, count] of tallies.anonymousRefusals.counts) {
      set('outcrop_unrecorded_requests_total', count, [['reason', reason]]);
    }
    set('outcrop_spool_bytes', ledger.state().spoolBytes);
    for (const state of states) {
      const { name, queued, outboxBytes, failing, delivered, dropped, refused, lastSuccessMs, lastError } = state;
      const labels = [['sink', name]] as const;
      set('outcrop_sink_queue', queued, labels);
      set('outcrop_sink_outbox_bytes', outboxBytes, labels);
      set('outcrop_sink_failing', failing ? 1 : 0, labels);
      set('outcrop_sink_delivered_total', delivered, labels);
      set('outcrop_sink_dropped_total', dropped, labels);
      set('outcrop_sink_refused_total', refused, labels);
      if (lastSuccessMs !== null) set('outcrop_sink_last_success_timestamp_seconds', lastSuccessMs / 1000, labels);
      if (lastError !== null) set('outcrop_sink_last_error_timestamp_seconds', lastError.atMs / 1000, labels);
    }
  });
  return { contentType: opened.contentType, text };
}

function json(value: object): Page {
  return { contentType: 'application/json', text: `${JSON.stringify(value)}\n` };
}

function answer(exchange: Exchange, status: number, { contentType, text }: Page, more: readonly string[] = []): void {
  const headers = ['content-type', contentType, 'cache-control', 'no-store', ...more];
  exchange.answerWhole(status, headers, Buffer.from(text), false);
}
