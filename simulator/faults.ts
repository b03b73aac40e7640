import { invalid } from './bedrock-error.ts';
import type { JsonObject } from './json.ts';
import { isObject, numberAt, objectAt, textAt } from './json.ts';

/** Faults on demand: what can go wrong between a client and Bedrock, each kind told by what the client will see. */

/** How a connection ends: TCP reset, FIN, no end at all, or an end that looks regular to HTTP. */
export type BrokenEnding = 'reset' | 'fin' | 'stall' | 'clean';

interface Common {
  readonly service?: string;
  readonly operation?: string;
  /** Which of the matching requests is the first to be hit, counted from 1. Default 1. */
  readonly nth?: number;
  /** How many are hit. Default: 1 when `nth` is given, else every one until the fault is cleared. */
  readonly count?: number;
  /** Waits before the answer's headers, besides what the kind does. */
  readonly delayMs?: number;
}

export type Fault = Common &
  (
    | { readonly kind: 'delay' }
    /** A modelled exception instead of the answer. */
    | {
        readonly kind: 'error';
        readonly status: number;
        readonly exception: string;
        readonly message?: string;
        readonly headers?: Readonly<Record<string, string>>;
      }
    /** The connection ends before any byte of the answer. */
    | { readonly kind: 'no-answer'; readonly ending: Exclude<BrokenEnding, 'clean'> }
    /** The answer's body ends after so many bytes, or, for a stream, frames; `clean` is a truncation that looks complete. */
    | {
        readonly kind: 'cut';
        readonly afterBytes?: number;
        readonly afterFrames?: number;
        readonly ending: BrokenEnding;
      }
    /** Half of the frame that follows so many frames, then an end that looks regular to HTTP. */
    | { readonly kind: 'truncated-frame'; readonly afterFrames: number }
    /** A frame such as `throttlingException` after so many frames, then a regular end. */
    | {
        readonly kind: 'exception-frame';
        readonly afterFrames: number;
        readonly exception: string;
        readonly message?: string;
      }
    /** Bytes nobody asked for on the idle connection after a complete answer; by default a whole HTTP response. */
    | { readonly kind: 'unsolicited'; readonly bytes?: string; readonly afterMs?: number }
    /** The stream is announced with its Content-Length instead of being chunked. */
    | { readonly kind: 'content-length' }
  );

export interface FaultHandle {
  readonly id: number;
  /** How many requests were hit so far. */
  hits(): number;
  clear(): void;
}

interface ArmedFault {
  readonly id: number;
  readonly fault: Fault;
  seen: number;
  hits: number;
}

export class FaultList {
  readonly #armed = new Map<number, ArmedFault>();
  #lastId = 0;

  inject(fault: Fault): FaultHandle {
    this.#lastId += 1;
    const armed: ArmedFault = { id: this.#lastId, fault, seen: 0, hits: 0 };
    this.#armed.set(armed.id, armed);
    return { id: armed.id, hits: () => armed.hits, clear: () => this.#armed.delete(armed.id) };
  }

  clear(id?: number): void {
    if (id === undefined) this.#armed.clear();
    else this.#armed.delete(id);
  }

  list(): readonly JsonObject[] {
    return [...this.#armed.values()].map(({ id, fault, seen, hits }) => ({ id, seen, hits, ...fault }));
  }

  /** The faults that hit this request, in the order they were injected. Asking counts the request. */
  take(service: string, operation: string): readonly Fault[] {
    const matching = [...this.#armed.values()].filter(({ fault }) => matches(fault, service, operation));
    return matching.filter(countAndDecide).map(({ fault }) => fault);
  }
}

function matches(fault: Fault, service: string, operation: string): boolean {
  return (fault.service ?? service) === service && (fault.operation ?? operation) === operation;
}

function countAndDecide(armed: ArmedFault): boolean {
  const { nth, count = nth === undefined ? Infinity : 1 } = armed.fault;
  armed.seen += 1;
  const isHit = armed.seen >= (nth ?? 1) && armed.hits < count;
  if (isHit) armed.hits += 1;
  return isHit;
}

/** Reads a fault from a control request. Throws 400 and says what is missing when it is none. */
export function parseFault(value: unknown): Fault {
  if (!isObject(value)) throw invalid('A fault is a JSON object.');
  const common = parseCommon(value);
  const message = textAt(value, 'message');
  const kind = required(textAt(value, 'kind'), 'kind');
  switch (kind) {
    case 'delay':
    case 'content-length':
      return { ...common, kind };
    case 'error':
      return {
        ...common,
        kind,
        status: required(numberAt(value, 'status'), 'status'),
        exception: required(textAt(value, 'exception'), 'exception'),
        ...(message === undefined ? {} : { message }),
        headers: textMembers(objectAt(value, 'headers')),
      };
    case 'no-answer': {
      const ending = parseEnding(value);
      if (ending === 'clean') throw invalid('A connection without an answer has no clean ending.');
      return { ...common, kind, ending };
    }
    case 'cut':
      return { ...common, kind, ending: parseEnding(value), ...parseCutPlace(value) };
    case 'truncated-frame':
      return { ...common, kind, afterFrames: required(numberAt(value, 'afterFrames'), 'afterFrames') };
    case 'exception-frame':
      return {
        ...common,
        kind,
        afterFrames: required(numberAt(value, 'afterFrames'), 'afterFrames'),
        exception: required(textAt(value, 'exception'), 'exception'),
        ...(message === undefined ? {} : { message }),
      };
    case 'unsolicited':
      return {
        ...common,
        kind,
        ...present('bytes', textAt(value, 'bytes')),
        ...present('afterMs', numberAt(value, 'afterMs')),
      };
    default:
      throw invalid(`There is no fault of kind ${kind}.`);
  }
}

function parseCommon(value: JsonObject): Common {
  return {
    ...present('service', textAt(value, 'service')),
    ...present('operation', textAt(value, 'operation')),
    ...present('nth', numberAt(value, 'nth')),
    ...present('count', numberAt(value, 'count')),
    ...present('delayMs', numberAt(value, 'delayMs')),
  };
}

function parseCutPlace(value: JsonObject): { afterBytes?: number; afterFrames?: number } {
  const place = {
    ...present('afterBytes', numberAt(value, 'afterBytes')),
    ...present('afterFrames', numberAt(value, 'afterFrames')),
  };
  if (Object.keys(place).length !== 1) throw invalid('A cut has either afterBytes or afterFrames.');
  return place;
}

function parseEnding(value: JsonObject): BrokenEnding {
  const ending = required(textAt(value, 'ending'), 'ending');
  switch (ending) {
    case 'reset':
    case 'fin':
    case 'stall':
    case 'clean':
      return ending;
    default:
      throw invalid(`There is no ending ${ending}.`);
  }
}

function textMembers(value: JsonObject): Record<string, string> {
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, String(member)]));
}

function required<Value>(value: Value | undefined, name: string): Value {
  if (value === undefined) throw invalid(`The fault needs ${name}.`);
  return value;
}

function present<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  const found: { [K in Key]?: Value } = {};
  if (value !== undefined) found[key] = value;
  return found;
}
