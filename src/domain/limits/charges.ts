import type { CallCost } from '../call-record.ts';
import type { Usage, UsageUnit } from '../usage/usage.ts';
import { appliesTo, type Limit, type LimitedCall, type LimitKind, maxAt } from './limit.ts';
import type { TokensAndSpend } from './usual-use.ts';

/** What a call takes of one limit while it runs. */
export interface Charge {
  readonly limit: Limit;
  /** Of the limit at this moment, with a temporary increase. */
  readonly max: number;
  /** In what the limit counts; a safe integer from 0. */
  readonly amount: number;
}

/** What a call uses, by what is counted. Null where it is not known. */
export interface CallUse {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly spendNanos: number | null;
}

export const NOTHING_USED: CallUse = { inputTokens: 0, outputTokens: 0, spendNanos: 0 };

export interface CallToCharge extends LimitedCall {
  /** Proven upper bounds. */
  readonly bounds: CallUse;
  /** What such calls usually use. */
  readonly usual: TokensAndSpend;
}

/**
 * What becomes of a call that a hard limit concerns when nothing bounds it: an operation that reports no usage, or a model
 * without a price. `flat` charges it an amount the operator has set.
 */
export type UnboundedCalls =
  | { readonly kind: 'refuse' }
  | { readonly kind: 'allow' }
  | { readonly kind: 'flat'; readonly tokens: number; readonly spendNanos: number };

export type Charges =
  | { readonly kind: 'charges'; readonly charges: readonly Charge[] }
  /** A hard limit that nothing about this call can be held against. */
  | { readonly kind: 'unbounded'; readonly limit: Limit };

/** What a call takes of every limit that concerns it, in the order of the limits. */
export function chargesFor(
  limits: readonly Limit[],
  call: CallToCharge,
  unbounded: UnboundedCalls,
  nowMs: number,
): Charges {
  const charges: Charge[] = [];
  for (const limit of limits) {
    if (!appliesTo(limit, call)) continue;
    const amount = reservedAmount(limit, call) ?? unboundedAmount(limit.kind, unbounded);
    if (amount === null) return { kind: 'unbounded', limit };
    charges.push({ limit, max: maxAt(limit, nowMs), amount: Math.min(Number.MAX_SAFE_INTEGER, amount) });
  }
  return { kind: 'charges', charges };
}

function reservedAmount({ kind, reserve }: Limit, { bounds, usual }: CallToCharge): number | null {
  const bound = amountOf(kind, bounds);
  if (reserve === 'upperBound') return bound;
  return Math.min(bound ?? Infinity, amountOf(kind, usual) ?? 0);
}

function unboundedAmount(kind: LimitKind, unbounded: UnboundedCalls): number | null {
  switch (unbounded.kind) {
    case 'refuse':
      return null;
    case 'allow':
      return 0;
    case 'flat':
      return kind === 'spend' ? unbounded.spendNanos : unbounded.tokens;
  }
}

function amountOf(kind: LimitKind, use: CallUse): number | null {
  switch (kind) {
    case 'requests':
    case 'concurrency':
      return 1;
    case 'inputTokens':
      return use.inputTokens;
    case 'outputTokens':
      return use.outputTokens;
    case 'totalTokens':
      return use.inputTokens === null || use.outputTokens === null ? null : use.inputTokens + use.outputTokens;
    case 'spend':
      return use.spendNanos;
  }
}

/** What each charge comes to when a call is over. What is not known of its use stays as it was held. */
export function settledAmounts(charges: readonly Charge[], used: CallUse): readonly number[] {
  return charges.map(({ limit, amount }) => amountOf(limit.kind, used) ?? amount);
}

/** For a call that never got to Bedrock: it counts as no request either. */
export function givenBack(charges: readonly Charge[]): readonly number[] {
  return charges.map(() => 0);
}

const INPUT_UNITS: ReadonlySet<UsageUnit> = new Set([
  'inputTokens',
  'cacheReadTokens',
  'cacheWrite5mTokens',
  'cacheWrite1hTokens',
  'inputSpeechTokens',
]);
const OUTPUT_UNITS: ReadonlySet<UsageUnit> = new Set(['outputTokens', 'outputSpeechTokens']);

/** What limits count of a finished call. Tokens read from or written to a cache went in like the others. */
export function useOf({ lines, source }: Usage, cost: CallCost): CallUse {
  let [inputTokens, outputTokens] = [0, 0];
  for (const { unit, quantity } of lines) {
    if (INPUT_UNITS.has(unit)) inputTokens += quantity;
    else if (OUTPUT_UNITS.has(unit)) outputTokens += quantity;
  }
  const isKnown = source !== 'unknown';
  return {
    inputTokens: isKnown ? inputTokens : null,
    outputTokens: isKnown ? outputTokens : null,
    spendNanos: cost.kind === 'known' ? nanosToCount(cost.nanos) : null,
  };
}

/** Nano-dollars as counters hold them. Beyond nine million dollars a call stands for more than any limit. */
export function nanosToCount(nanos: bigint): number {
  return nanos > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(nanos);
}
