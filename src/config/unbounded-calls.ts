import type { Settings } from './settings.ts';
import type { UnboundedCalls } from '../domain/limits/charges.ts';
import { dollarsToNanos } from '../domain/limits/dollars.ts';

/** What calls are charged that nothing bounds. */
export function unboundedCalls({
  unboundedCalls: kind,
  unboundedCallTokens,
  unboundedCallUsd,
}: Settings): UnboundedCalls {
  if (kind !== 'flat') return { kind };
  return { kind, tokens: unboundedCallTokens, spendNanos: dollarsToNanos(unboundedCallUsd) ?? 0 };
}
