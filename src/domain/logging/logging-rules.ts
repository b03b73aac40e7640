import type { JsonObject, JsonValue } from '../json.ts';

/** What a key or a team says of what sinks get of its calls. */
export interface LoggingRules {
  /** Names of the sinks that get the calls; null for all there are, also those that come later. */
  readonly sinks: readonly string[] | null;
  /** Names of sinks that don't, whatever else is said. */
  readonly disabledSinks: readonly string[];
  /** Whether what was asked and answered is kept; null where nothing is said. */
  readonly recordContent: boolean | null;
  /** The share of calls whose content is kept, from 0 to 1. */
  readonly contentSampleRate: number;
  /** What of it is left out beside what the operator leaves out, see `compileRedaction`. */
  readonly redactFields: readonly string[];
  readonly redactPatterns: readonly string[];
}

export const NO_LOGGING_RULES: LoggingRules = {
  sinks: null,
  disabledSinks: [],
  recordContent: null,
  contentSampleRate: 1,
  redactFields: [],
  redactPatterns: [],
};

/** What holds under both: a sink must be allowed by both, of content the stricter wins, redaction adds up. */
export function bothRules(one: LoggingRules, other: LoggingRules): LoggingRules {
  return {
    sinks: inBoth(one.sinks, other.sinks),
    disabledSinks: inEither(one.disabledSinks, other.disabledSinks),
    recordContent: stricter(one.recordContent, other.recordContent),
    contentSampleRate: Math.min(one.contentSampleRate, other.contentSampleRate),
    redactFields: inEither(one.redactFields, other.redactFields),
    redactPatterns: inEither(one.redactPatterns, other.redactPatterns),
  };
}

function inBoth(one: readonly string[] | null, other: readonly string[] | null): readonly string[] | null {
  if (one === null || other === null) return one ?? other;
  const allowed = new Set(other);
  return one.filter((name) => allowed.has(name));
}

function inEither(one: readonly string[], other: readonly string[]): readonly string[] {
  return [...new Set([...one, ...other])];
}

function stricter(one: boolean | null, other: boolean | null): boolean | null {
  if (one === false || other === false) return false;
  return one ?? other;
}

/** As they stand in the settings of a holder: what is not restricted is not there. */
export function storedLoggingRules(rules: LoggingRules): JsonObject {
  const { sinks, disabledSinks, recordContent, contentSampleRate, redactFields, redactPatterns } = rules;
  return {
    ...(sinks === null ? {} : { sinks }),
    ...(disabledSinks.length === 0 ? {} : { disabled_sinks: disabledSinks }),
    ...(recordContent === null ? {} : { record_content: recordContent }),
    ...(contentSampleRate === 1 ? {} : { content_sample_rate: contentSampleRate }),
    ...(redactFields.length === 0 ? {} : { redact_fields: redactFields }),
    ...(redactPatterns.length === 0 ? {} : { redact_patterns: redactPatterns }),
  };
}

/** Of what can't be read the most careful is meant: no sink, no content. */
export function readLoggingRules(stored: JsonObject): LoggingRules {
  const sinks = stored['sinks'] === undefined ? null : (strings(stored['sinks']) ?? []);
  const disabledSinks = strings(stored['disabled_sinks'] ?? []);
  const redactFields = strings(stored['redact_fields'] ?? []);
  const redactPatterns = strings(stored['redact_patterns'] ?? []);
  const { record_content: content = null, content_sample_rate: rate = 1 } = stored;
  const isContentReadable = redactFields !== null && redactPatterns !== null;
  return {
    sinks: disabledSinks === null ? [] : sinks,
    disabledSinks: disabledSinks ?? [],
    recordContent: isContentReadable && (content === null || content === true) ? content : false,
    contentSampleRate: typeof rate === 'number' && rate >= 0 && rate <= 1 ? rate : 0,
    redactFields: redactFields ?? [],
    redactPatterns: redactPatterns ?? [],
  };
}

function strings(value: JsonValue): readonly string[] | null {
  if (!Array.isArray(value)) return null;
  const texts = value.filter((entry) => typeof entry === 'string');
  return texts.length === value.length ? texts : null;
}
