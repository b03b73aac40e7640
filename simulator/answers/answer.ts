import type { ArrivedRequest } from '../arrived-request.ts';
import type { JsonObject } from '../json.ts';
import type { Pace } from '../pace.ts';
import type { Route } from '../route.ts';

/** What an operation's answer is made from, and what it is. */

export interface Asked extends Route {
  readonly request: ArrivedRequest;
  readonly query: Readonly<Record<string, string>>;
  /** The body as a JSON object; throws 400 when it is none. */
  json(): JsonObject;
  readonly pace: Pace;
  /** What the account has made for itself: the answers to its `Get` operations, by operation, a space, and the ARN or id as it is asked for. */
  readonly resources: ReadonlyMap<string, JsonObject>;
  /** Milliseconds since the epoch, with a fraction. */
  readonly clock: () => number;
}

export interface Answer {
  readonly status: number;
  /** From the end of the request to the headers; undefined: as the simulator's own pace says. */
  readonly delayMs?: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body: one piece, or the frames of a stream in order. */
  readonly pieces: Iterable<Buffer>;
  /** Undefined for a whole answer, which gets a Content-Length. */
  readonly stream?: { readonly intervalMs: number };
}

export type AnswerOperation = (asked: Asked) => Answer;

/** A whole JSON answer with status 200. */
export function jsonAnswer(body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', ...headers },
    pieces: [Buffer.from(JSON.stringify(body))],
  };
}

/** An event stream. The frames are taken one by one, as they are sent. */
export function streamAnswer(
  frames: Iterable<Buffer>,
  pace: Pace,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status: 200,
    delayMs: pace.delayMs,
    headers: { 'content-type': 'application/vnd.amazon.eventstream', ...headers },
    pieces: frames,
    stream: { intervalMs: pace.intervalMs },
  };
}
