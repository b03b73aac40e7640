import type { LoggingRules } from './logging-rules.ts';

/** What sinks get of the calls of a caller, as each call asks for it. */
export interface CallLogging {
  /** Whether a sink gets them, by its name; undefined where all do. */
  readonly wantsSink: ((sink: string) => boolean) | undefined;
  /** Whether content is kept; null where the operator alone says it. */
  readonly recordContent: boolean | null;
  /** From 0 to 1. */
  readonly contentSampleRate: number;
  /** What of content is left out beside what the operator leaves out; null for nothing. */
  readonly redaction: RedactionRules | null;
}

export interface RedactionRules {
  readonly fields: readonly string[];
  readonly patterns: readonly string[];
  /** The same for the same rules, so that they are compiled once for all who have them. */
  readonly id: string;
}

/** Of callers of whom nothing is said. */
export const LOGGED_IN_FULL: CallLogging = {
  wantsSink: undefined,
  recordContent: null,
  contentSampleRate: 1,
  redaction: null,
};

/** Works rules out once, for all calls under them. */
export function callLogging(rules: LoggingRules): CallLogging {
  const { recordContent, contentSampleRate, redactFields, redactPatterns } = rules;
  const wantsSink = sinkChoice(rules);
  const redaction = redactionRules(redactFields, redactPatterns);
  if (wantsSink === undefined && recordContent === null && contentSampleRate === 1 && redaction === null) {
    return LOGGED_IN_FULL;
  }
  return { wantsSink, recordContent, contentSampleRate, redaction };
}

function redactionRules(fields: readonly string[], patterns: readonly string[]): RedactionRules | null {
  if (fields.length + patterns.length === 0) return null;
  return { fields, patterns, id: JSON.stringify([fields, patterns]) };
}

function sinkChoice({ sinks, disabledSinks }: LoggingRules): CallLogging['wantsSink'] {
  const disabled = new Set(disabledSinks);
  if (sinks !== null) {
    const wanted = new Set(sinks.filter((sink) => !disabled.has(sink)));
    return (sink) => wanted.has(sink);
  }
  return disabled.size === 0 ? undefined : (sink) => !disabled.has(sink);
}
