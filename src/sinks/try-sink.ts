import type { Alert } from '../domain/alert.ts';
import type { SinkEvent } from '../domain/sink-event.ts';
import { DeliveryFault } from './delivery-fault.ts';
import type { PreparedEntry } from './prepare-sinks.ts';
import type { SinkHttp, SinkHttpAnswer, SinkHttpRequest } from './http.ts';
import { brokenSample, sampleSinkEvent } from './sample-event.ts';
import type { BatchResult, Sink, SinkContext } from './sink.ts';

/** A request that was made for a sample, and what came back. */
export interface Exchanged {
  readonly method: string;
  /** Without path and query, which may be secret. */
  readonly origin: string;
  /** Null where there was no answer. */
  readonly status: number | null;
  /** The beginning of the answer; what is secret in the settings is masked. */
  readonly text: string;
}

export interface SinkTrial {
  readonly taken: boolean;
  /** Why it was not. */
  readonly reason: string | null;
  readonly exchanged: readonly Exchanged[];
}

const TEXT_CHARACTERS_MAX = 500;
const SECRET_CHARACTERS_MIN = 4;

/** Sends a sample to a sink, once. @throws SinkSettingsError where settings do not go together */
export async function trySink({ prepared }: PreparedEntry, context: SinkContext, id: string): Promise<SinkTrial> {
  const exchanged: Exchanged[] = [];
  const note = (exchange: Exchanged, shown: readonly string[]): void =>
    void exchanged.push({ ...exchange, text: masked(exchange.text, [...prepared.secrets, ...shown]) });
  const sink = await prepared.open({ ...context, http: recording(context.http, note) });
  try {
    const { again, refused, reason } = await deliverSample(sink, sampleSinkEvent(id, context.clock.nowMs()));
    return { taken: again.length + refused.length === 0, reason, exchanged };
  } catch (error) {
    if (!(error instanceof DeliveryFault)) throw error;
    return { taken: false, reason: error.message, exchanged };
  } finally {
    await sink.close?.();
  }
}

async function deliverSample(sink: Sink, event: SinkEvent): Promise<BatchResult> {
  const { signal } = new AbortController();
  if (sink.kind === 'events') return sink.deliver([event], signal);
  if (sink.kind === 'alerts') return sink.deliver([sampleAlert(event.record.startedAtMs)], signal);
  const line = sink.encode(event) ?? sink.encode(brokenSample(event));
  if (line !== null) return sink.deliver([line], signal);
  return { again: [], refused: [0], reason: 'its settings leave out every sample there is' };
}

function sampleAlert(atMs: number): Alert {
  return {
    kind: 'targetFailing',
    service: 'bedrock-runtime',
    region: 'us-east-1',
    reason: 'this is a test of "outcrop sinks test": nothing has happened',
    atMs,
  };
}

/** @param note told of each exchange, and of what the receiver was shown that is nobody else's business */
function recording(http: SinkHttp, note: (exchange: Exchanged, shown: readonly string[]) => void): SinkHttp {
  return {
    reach: (url) => http.reach(url),
    send: async (request: SinkHttpRequest, signal: AbortSignal): Promise<SinkHttpAnswer> => {
      const about = { method: request.method, origin: request.url.origin };
      try {
        const answer = await http.send(request, signal);
        const text = request.hidesAnswer === true ? '(not shown)' : answer.text;
        note({ ...about, status: answer.status, text }, credentialsIn(request.headers));
        return answer;
      } catch (error) {
        note({ ...about, status: null, text: '' }, []);
        throw error;
      }
    },
  };
}

const CREDENTIALS = /authorization|token|auth|key|secret/i;

/** What the headers that prove something hold, with the scheme and without: made of secrets, or fetched with them. */
function credentialsIn(headers: SinkHttpRequest['headers']): readonly string[] {
  return Object.entries(headers)
    .filter(([name]) => CREDENTIALS.test(name))
    .flatMap(([, value]) => [value, value.replace(/^\S+ /, '')]);
}

/** A receiver may repeat what it was sent. The longest is looked for first: others may be parts of it. */
function masked(text: string, secrets: readonly string[]): string {
  const hidden = secrets
    .filter((secret) => secret.length >= SECRET_CHARACTERS_MIN)
    .toSorted((a, b) => b.length - a.length)
    .reduce((rest, secret) => rest.replaceAll(secret, '********'), text);
  return hidden.slice(0, TEXT_CHARACTERS_MAX);
}
