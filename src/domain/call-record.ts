import type { RefusalKind } from './errors.ts';
import type { OperationKind } from './operations/operation.ts';
import type { ServiceId } from './operations/services.ts';
import type { Usage } from './usage/usage.ts';

/** Who a call is charged to. Public ids and names only: nothing here lets anyone in. */
export interface Attribution {
  readonly keyId: string | null;
  readonly keyAlias: string | null;
  readonly teamId: string | null;
  readonly userId: string | null;
  /** The end user a client named. */
  readonly customerId: string | null;
  readonly sessionId: string | null;
  /** Of the request, the key and the team: sorted, each once. */
  readonly tags: readonly string[];
}

/** What is known of a call before its first byte goes to AWS. */
export interface CallStart {
  /** UUIDv7, given to the client as `x-outcrop-request-id`. */
  readonly id: string;
  readonly startedAtMs: number;
  readonly attribution: Attribution;
  readonly service: ServiceId;
  readonly operation: string;
  readonly operationKind: OperationKind;
  /** The model that answers, as the request names it; null where it does not. */
  readonly modelId: string | null;
  /** What limits by model count it for beside that: other models it names, and those that stand behind them. Mostly none. */
  readonly otherModels: readonly string[];
  readonly region: string;
  /** What the limits hold for it: charged when the end is never heard of. */
  readonly reservedNanos: bigint;
}

/** `unknown`: the process died before the end; the cost is what was reserved. */
export type CallOutcome = 'completed' | 'refused' | 'broken' | 'abandoned' | 'unknown';

/** The price of a call. Nano-dollars; a known part of an unknown whole is no cost. */
export type CallCost =
  { readonly kind: 'known'; readonly nanos: bigint } | { readonly kind: 'unknown'; readonly missing: string };

/** The one record every call leaves, however it ended. The ledger stores it, every sink receives it. */
export interface CallRecord {
  readonly id: string;
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** From the start to the first byte of Bedrock's answer; null when there was none. */
  readonly firstByteMs: number | null;
  readonly attribution: Attribution;
  /** Null where the request was refused before that was known. */
  readonly service: ServiceId | null;
  readonly operation: string | null;
  readonly operationKind: OperationKind | null;
  readonly modelId: string | null;
  readonly otherModels: readonly string[];
  readonly region: string | null;
  /** Status the client got; null when it got none. */
  readonly status: number | null;
  readonly outcome: CallOutcome;
  readonly refusal: RefusalKind | null;
  readonly awsRequestId: string | null;
  readonly clientAddress: string | null;
  readonly userAgent: string | null;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly usage: Usage;
  readonly cost: CallCost;
  /** Of the price book that made `cost`; null where none was asked. */
  readonly priceVersion: string | null;
  readonly reservedNanos: bigint;
}
