import { hash } from 'node:crypto';
import type { Caller } from '../caller.ts';
import type { ContentOptions } from '../content/body-text.ts';
import { PatternError } from '../content/pattern-source.ts';
import { compileRedaction } from '../content/redaction.ts';
import type { RedactionRules } from './call-logging.ts';

/** What the operator says of content. */
export interface RecordedContent {
  /** `per-key`: of the calls of keys and teams that ask for it, and of no others. */
  readonly calls: 'all' | 'per-key';
  readonly options: ContentOptions;
}

/** How the content of a call is kept; null for not at all. */
export type ContentChoice = (caller: Caller | null, callId: string) => ContentOptions | null;

/** Different rules that are kept compiled; at the bound all are forgotten. Most gateways have a handful, by team. */
const COMPILED_MAX = 1000;

const HASHED_DIGITS = 12;
const HASHES = 2 ** 48;

/** @param recorded null where no content is kept of anything: no key can switch on what the operator has switched off */
export function createContentChoice(recorded: RecordedContent | null): ContentChoice {
  if (recorded === null) return () => null;
  const { calls, options } = recorded;
  const unlessSaid = calls === 'all';
  const compiled = new Map<string, ContentOptions | null>();
  const redacting = (rules: RedactionRules): ContentOptions | null => {
    const known = compiled.get(rules.id);
    if (known !== undefined) return known;
    const fresh = withRedaction(options, rules);
    if (compiled.size >= COMPILED_MAX) compiled.clear();
    compiled.set(rules.id, fresh);
    return fresh;
  };
  return (caller, callId) => {
    if (caller?.kind !== 'key') return unlessSaid ? options : null;
    const { recordContent, contentSampleRate, redaction } = caller.logging;
    if (!(recordContent ?? unlessSaid) || !isSampled(callId, contentSampleRate)) return null;
    return redaction === null ? options : redacting(redaction);
  };
}

/**
 * Whether a call is among those whose content is kept: its id decides, by the first 48 bits of its SHA-256, so that everyone
 * who has the id can tell. Who is in a share is in every larger one.
 * @param rate from 0 for none to 1 for all
 */
export function isSampled(callId: string, rate: number): boolean {
  if (rate >= 1) return true;
  if (rate <= 0) return false;
  return Number.parseInt(hash('sha256', callId, 'hex').slice(0, HASHED_DIGITS), 16) < rate * HASHES;
}

/** @returns null where a rule can't be understood: what it should have left out is not written down then. */
function withRedaction({ bytesMax, redaction }: ContentOptions, rules: RedactionRules): ContentOptions | null {
  try {
    return { bytesMax, redaction: redaction.plus(compileRedaction(rules.fields, rules.patterns)) };
  } catch (error) {
    if (error instanceof PatternError) return null;
    throw error;
  }
}
