/** All that the proxy needs from outside, on one page. Adapters implement these; only `gateway.ts` knows which. */
import type { Caller, KeyCaller } from './domain/caller.ts';
import type { Attribution, CallRecord, CallStart } from './domain/call-record.ts';
import type { Charge } from './domain/limits/charges.ts';
import type { Limit } from './domain/limits/limit.ts';
import type { AwsCredentials } from './domain/aws/sigv4/sign.ts';
import type { HeaderList } from './domain/headers.ts';
import type { ServiceId } from './domain/operations/services.ts';
import type { Resolutions } from './domain/policy/judge-models.ts';
import type { SinkEvent } from './domain/sink-event.ts';
import type { ModelReference } from './domain/policy/model-reference.ts';

/** Time as an input, so that tests can hold it. */
export interface Clock {
  /** Milliseconds since the epoch, for dates and signatures. */
  nowMs(): number;
  /** Milliseconds that never go back, for durations. */
  elapsedMs(): number;
}

/** One request of a client and the way to answer it, whatever protocol it came by. */
export interface Exchange {
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2';
  readonly method: string;
  /** The raw request target as it stood on the wire. */
  readonly target: string;
  readonly headers: HeaderList;
  /** Address of the other end of the connection; null when it is gone. */
  readonly peerAddress: string | null;
  /** What is wrong with the framing of this request, if anything: one line for the client. */
  readonly framingFault: string | null;
  /** Declared body length in bytes; null when the body is chunked or of unknown length. */
  readonly contentLength: number | null;
  readonly body: RequestBody;

  /** Whether the head of an answer has been given. */
  readonly answered: boolean;
  /** Whether all that was written so far has been handed to the network. */
  readonly flushed: boolean;
  /** Whether the client has left. */
  readonly gone: boolean;
  /** @param headers alternating names and values. */
  startAnswer(status: number, headers: readonly string[]): void;
  /** @returns false when the client takes no more for now; `onDrain` says when it does again. */
  write(chunk: Uint8Array, flushed?: () => void): boolean;
  /** @param flushed called when the last byte has been handed to the network. @param last what is still to be written. */
  endAnswer(flushed: () => void, last?: Buffer): void;
  /** A whole answer instead of Bedrock's, also while the body is still arriving. */
  answerWhole(status: number, headers: readonly string[], body: Uint8Array, closeConnection: boolean): void;
  /** Ends the answer so that no client can take it for complete. */
  break(): void;
  onDrain(listener: () => void): void;
  /** Called once if the client leaves before its answer is complete. */
  onGone(listener: () => void): void;
}

/** The body of a request, as it arrives. */
export interface RequestBody {
  /** Starts the flow; also answers `Expect: 100-continue`. */
  read(sink: BodySink): void;
  /** No more of it is wanted. */
  stop(): void;
}

/** Takes a body. The first of `end` and `fault` ends it. */
export interface BodySink {
  readonly data: (chunk: Buffer) => void;
  end(): void;
  /** `gone`: the client left in the middle; `trailers`: fields came after the body, which nothing here could judge. */
  fault(reason: 'gone' | 'trailers'): void;
}

/** What goes to Bedrock, complete and signed. */
export interface UpstreamRequest {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly method: string;
  /** Raw path and query. */
  readonly path: string;
  /** Alternating names and values. */
  readonly headers: string[];
  readonly body: Uint8Array | null;
  readonly headersTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/** Who takes Bedrock's answer. `end` or `fail` is called exactly once, unless the call was cancelled. */
export interface AnswerReceiver {
  /** @param headers alternating names and values as they came. */
  head(status: number, headers: readonly string[], flow: AnswerFlow): void;
  data(chunk: Buffer): void;
  end(): void;
  fail(failure: UpstreamFailure): void;
}

/** The reins of an answer that is flowing. */
export interface AnswerFlow {
  pause(): void;
  resume(): void;
}

/** Why there is no (whole) answer. `unreachable` is said only when nothing of the request left. */
export interface UpstreamFailure {
  readonly kind: 'unreachable' | 'timeout' | 'broken';
  readonly cause: unknown;
}

export interface Upstream {
  /** @returns how to cancel the call; after that the receiver hears nothing more. */
  send(request: UpstreamRequest, receiver: AnswerReceiver): () => void;
}

/** How the gateway proves itself to AWS. */
export type AwsIdentity =
  | { readonly kind: 'credentials'; readonly credentials: AwsCredentials }
  | { readonly kind: 'bearer'; readonly token: string };

export interface AwsIdentities {
  /** Without waiting when a usable identity is at hand; a promise only while the first one is being fetched.
   * @throws Refusal noCredentials */
  forService(service: ServiceId): AwsIdentity | Promise<AwsIdentity>;
  /** The AWS account of the identity a service gets; null where nothing tells it. */
  accountOf(service: ServiceId): string | null;
}

/** Finds out what an account's own model resources stand for. */
export interface ModelResolver {
  /**
   * Something about every reference. What can't be found out is `unresolvable`, for whatever reason.
   * @param keyId whose request it is for: nobody gets to ask AWS without end.
   * @throws Refusal noCredentials
   */
  resolve(
    references: readonly ModelReference[],
    asker: { readonly region: string; readonly keyId: string },
  ): Promise<Resolutions>;
}

/** The holder of a virtual credential. Whether it may be used now (grace, blocked, expired) is for who asks. */
export interface KeyHolder {
  readonly caller: KeyCaller;
  /** End of the grace of a replaced credential; null for a current one. */
  readonly validUntilMs: number | null;
  /** What an access key id signs with; null for a bearer key. */
  readonly secretAccessKey: string | null;
}

/** Null: nobody holds it. A promise only while memory does not know. @throws Refusal storeUnavailable, overloaded */
export interface KeyHolders {
  byBearerKey(key: string): KeyHolder | null | Promise<KeyHolder | null>;
  byAccessKeyId(accessKeyId: string): KeyHolder | null | Promise<KeyHolder | null>;
}

/** Where a request goes. */
export interface Target {
  readonly service: ServiceId;
  readonly region: string;
  readonly origin: string;
  /** The Host header, as signed. */
  readonly host: string;
  /** Path of the endpoint itself, without a slash at its end; mostly empty. */
  readonly basePath: string;
  /** Whether an operator set the endpoint. Only such a one can lead back to a gateway. */
  readonly custom: boolean;
}

export interface Targets {
  /** @throws Error when the region has no host for the service. */
  of(service: ServiceId, region: string): Target;
}

/** The limits a call runs under. */
export interface CallerLimits {
  /**
   * Of everything, of the caller's key, team and user, and of the end user and the tags it names. A promise only while
   * memory does not know the end user. @throws Refusal accessDenied for a blocked end user, storeUnavailable
   */
  of(caller: Caller, attribution: Attribution): readonly Limit[] | Promise<readonly Limit[]>;
}

/**
 * Counts what limits have used. A call reserves its share of all its limits at once, all or none, and settles what it
 * really used when it is over.
 *
 * A reservation that is neither settled nor renewed in time frees its concurrency; what it held of requests, tokens and
 * money stays counted, as the ledger charges a call whose end is not known at what was reserved for it.
 */
export interface Counters {
  /**
   * Waits only where it must: for counters elsewhere, or for the ledger when a counter is new here.
   * @param id of the call, never used before
   */
  reserve(id: string, charges: readonly Charge[]): Reservation | Promise<Reservation>;
  /**
   * @param amounts what each charge came to, in the order of the charges. Concurrency is freed whatever it says.
   * A second time, or for what was not reserved, it does nothing.
   */
  settle(id: string, amounts: readonly number[]): void;
  /** Says that a long call is still running. */
  renew(id: string): void;
  /** What is used of each; null where that can't be told now. */
  used(limits: readonly Limit[]): Promise<readonly (LimitUse | null)[]>;
  /** Sets what is used, beside what running calls hold. */
  reset(limit: Limit, used: number): Promise<void>;
  /** Lets what is under way arrive, within a bound. */
  close(): Promise<void>;
}

export type Reservation =
  /** What each limit has left after it, in the order of the charges; negative where a soft one is over. */
  | { readonly kind: 'admitted'; readonly remaining: readonly number[] }
  /** Nothing was taken. `charge` is the first that did not fit. */
  | {
      readonly kind: 'refused';
      readonly charge: Charge;
      readonly used: number;
      /** Until it might fit, in milliseconds; null where waiting is no use. */
      readonly retryAfterMs: number | null;
    }
  /** Nothing was taken: what this hard limit has left can't be told. */
  | {
      readonly kind: 'unavailable';
      readonly charge: Charge;
      readonly reason: UnavailableReason;
      readonly retryAfterMs: number;
    };

/**
 * `down`: the counters can't be reached; `restoring`: they were lost and running calls are being counted again;
 * `unseeded`: what was used before can't be read from the ledger; `full`: there are more counters than may be held.
 */
export type UnavailableReason = 'down' | 'restoring' | 'unseeded' | 'full';

export interface LimitUse {
  /** Settled and reserved. */
  readonly used: number;
  /** Held by running calls. */
  readonly reserved: number;
}

/** What keys have spent in all. */
export interface KeySpend {
  /** Adds what a call cost. @returns nano-dollars with it; null while that is not known here */
  add(keyId: string, nanos: bigint): bigint | null;
}

/** Where every call is written down. */
export interface CallLedger {
  /** Resolved when the first byte may go to Bedrock. @throws Refusal spoolFull, or rejects with it */
  start(start: CallStart): Promise<void>;
  /** Before the client sees the end of its answer. Never throws. */
  end(record: CallRecord): void;
  /** The same at less cost, done when the promise resolves. Never rejects. */
  endSoon(record: CallRecord): Promise<void>;
}

/** Whoever else is told of each finished call. */
export interface CallSinks {
  /** Never waits, never throws. @param wanted whether a sink, by its name, gets this one; left out where all do */
  accept(event: SinkEvent, wanted?: (sink: string) => boolean): void;
}

/** Lines for operators. Nothing in `facts` may be a secret. */
export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}
