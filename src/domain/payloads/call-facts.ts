import type { CallRecord } from '../call-record.ts';
import { REFUSALS } from '../errors.ts';
import type { SeenCall } from '../sink-event.ts';
import type { Usage, UsageUnit } from '../usage/usage.ts';

/** As reports count it: everything but a whole answer that is no error. */
export function hasFailed({ outcome, status }: CallRecord): boolean {
  return outcome !== 'completed' || status === null || status >= 400;
}

/** Tokens by LiteLLM's rules: what was read from caches and written to them is part of the prompt, speech is tokens too. */
export interface TokenSums {
  readonly prompt: number;
  readonly completion: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

export function tokenSums(usage: Usage): TokenSums {
  let [input, completion, cacheRead, cacheWrite] = [0, 0, 0, 0];
  for (const { unit, quantity } of usage.lines) {
    if (INPUT.has(unit)) input += quantity;
    else if (OUTPUT.has(unit)) completion += quantity;
    else if (unit === 'cacheReadTokens') cacheRead += quantity;
    else if (CACHE_WRITE.has(unit)) cacheWrite += quantity;
  }
  return { prompt: input + cacheRead + cacheWrite, completion, cacheRead, cacheWrite };
}

const INPUT: ReadonlySet<UsageUnit> = new Set<UsageUnit>(['inputTokens', 'inputSpeechTokens']);
const OUTPUT: ReadonlySet<UsageUnit> = new Set<UsageUnit>(['outputTokens', 'outputSpeechTokens']);
const CACHE_WRITE: ReadonlySet<UsageUnit> = new Set<UsageUnit>(['cacheWrite5mTokens', 'cacheWrite1hTokens']);

/** Why a call has failed, for people and for grouping. Messages are not kept: a client's words may be in them. */
export interface CallFailure {
  readonly text: string;
  /** The exception that AWS SDKs raise, where it is known. */
  readonly errorClass: string;
}

/** @returns null for a call that has not failed */
export function failureOf({ record, trace }: SeenCall): CallFailure | null {
  const { awsErrorType } = trace;
  const { outcome, refusal, status } = record;
  if (!hasFailed(record)) return null;
  if (refusal !== null) return { text: `The gateway refused: ${refusal}`, errorClass: REFUSALS[refusal].exception };
  const errorClass = awsErrorType ?? '';
  if (outcome === 'abandoned') return { text: 'The client left before the end of its answer', errorClass };
  if (outcome === 'broken') {
    const text = awsErrorType === null ? 'The answer was cut short' : `Bedrock ended the stream by ${awsErrorType}`;
    return { text, errorClass };
  }
  if (outcome === 'unknown') return { text: 'The end of the call was never heard of', errorClass };
  return { text: `Bedrock answered ${[status ?? 'nothing', errorClass].join(' ').trimEnd()}`, errorClass };
}
