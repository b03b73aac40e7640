import type { Sign } from '../domain/aws/sigv4/sign.ts';
import type { Verify } from '../domain/aws/sigv4/verify.ts';
import type { Bound } from '../domain/bound.ts';
import type { ContentChoice } from '../domain/logging/content-choice.ts';
import type { OutputCapMode } from '../domain/limits/call-bounds.ts';
import type { UnboundedCalls } from '../domain/limits/charges.ts';
import type { UsualUse } from '../domain/limits/usual-use.ts';
import type { Policy } from '../domain/policy/permit.ts';
import type { PriceBook } from '../domain/pricing/price-book.ts';
import type { TraceContextUse } from '../domain/trace-context.ts';
import type { SeenSignatures, Sigv4Replay } from '../domain/seen-signatures.ts';
import type {
  AwsIdentities,
  CallerLimits,
  CallLedger,
  CallSinks,
  Clock,
  Counters,
  Exchange,
  KeyHolders,
  KeySpend,
  Log,
  ModelResolver,
  Targets,
  Upstream,
} from '../ports.ts';
import type { Call } from './call.ts';
import type { MasterKey } from './master-key.ts';

/** What the operator configured about handling requests. */
export interface ProxyOptions {
  readonly policy: Policy;
  readonly defaultRegion: string | null;
  /** A header of the operator's own that may carry the key, in lower case. */
  readonly keyHeader: string | null;
  /** Host names that requests without a key may name, beside loopback ones. */
  readonly allowedHosts: readonly string[];
  /** Hosts and path prefixes under which clients reach the gateway through a proxy, and so sign. */
  readonly publicPlaces: readonly { readonly host: string; readonly prefix: string }[];
  readonly sigv4Replay: Sigv4Replay;
  readonly bodyTimeoutMs: number;
  readonly writeStallMs: number;
  readonly invokeHeadersTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly onClientAbort: 'drain' | 'cancel';
  readonly drainSecondsMax: number;
  /** A header of the operator's own that names the end user, in lower case. */
  readonly customerHeader: string | null;
  readonly unboundedCalls: UnboundedCalls;
  /** What holds calls to the output that their key may get at once. */
  readonly outputCap: OutputCapMode;
  /** Whether a stream ends when a budget it runs under has been spent. */
  readonly cutStreams: boolean;
  /** Whether AWS is told, for its own logs, which key and team a call is for. */
  readonly forwardAttribution: boolean;
  readonly traceContext: TraceContextUse;
}

/** Everything `handleRequest` works with, made once by `gateway.ts`. */
export interface Proxy {
  readonly options: ProxyOptions;
  readonly clock: Clock;
  readonly log: Log;
  newRequestId(): string;
  /** Marks what this process sent, so that it knows its own requests when they come back. */
  readonly instanceId: string;
  readonly masterKey: MasterKey | null;
  /** Null where there are no virtual keys, because there is no master key to make them with. */
  readonly keyHolders: KeyHolders | null;
  readonly verify: Verify;
  /** Null where it does not matter whether a signed request comes again. */
  readonly seenSignatures: SeenSignatures | null;
  /** Where a request came from, trusted proxies left out; null when that can't be said. */
  clientAddress(exchange: Exchange): string | null;
  /** Notes a wrong credential. @returns whether there have been too many from that address (null: it can't be said) */
  tooManyFailedLogins(address: string | null): boolean;
  /** Why no new request can be taken right now, or null. */
  overload(): string | null;
  readonly bodyBytes: Bound;
  readonly requestSlots: Bound;
  readonly drains: Bound;
  readonly targets: Targets;
  readonly identities: AwsIdentities;
  readonly modelResolver: ModelResolver;
  readonly sign: Sign;
  readonly upstream: Upstream;
  /** What applies to a caller and to what it says of its end user and tags. */
  readonly callerLimits: CallerLimits;
  readonly counters: Counters;
  readonly usualUse: UsualUse;
  readonly keySpend: KeySpend;
  /** The price book in force. */
  prices(): PriceBook;
  readonly ledger: CallLedger;
  /** How requests and answers are kept for the sinks. */
  readonly contentOptions: ContentChoice;
  /** Null where no call record goes anywhere else. */
  readonly sinks: CallSinks | null;
  /** Told once of each call that is over. */
  callClosed(call: Call): void;
}
