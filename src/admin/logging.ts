import { PatternError } from '../domain/content/pattern-source.ts';
import { parsePattern } from '../domain/content/text-pattern.ts';
import { bothRules, type LoggingRules, NO_LOGGING_RULES } from '../domain/logging/logging-rules.ts';
import { type Actor, isAdmin } from './actor.ts';
import { litellmLogging } from './litellm-logging.ts';
import type { LoggingInput } from './logging-inputs.ts';
import type { OfferedLogging } from './ports.ts';
import { Problem, shownValue } from './problem.ts';

/** More than there can be at once. */
const SINKS_SHOWN_MAX = 20;

/**
 * What a new key gets where a request says nothing: what holds for its maker. What the maker's team says comes with the
 * team, where the key is of the same.
 */
export function inheritedLogging(actor: Actor, teamId: string | null): LoggingRules {
  if (actor.kind === 'master') return NO_LOGGING_RULES;
  const { key, team } = actor.logging;
  return teamId === actor.teamId ? key : bothRules(key, team);
}

/**
 * The rules of a key or team after a request. Who may do without a sink is the operator's business, since sinks are what
 * audits and bills: administrators say it, and nobody else.
 * @throws Problem 403, 422 naming the field
 */
export function loggingAfter(
  input: LoggingInput,
  base: LoggingRules,
  actor: Actor,
  offered: OfferedLogging,
): LoggingRules {
  const asked = { ...litellmLogging(input.metadata ?? {}), ...given(input) };
  const [field] = Object.keys(asked);
  if (field === undefined) return base;
  if (!isAdmin(actor)) {
    throw new Problem(403, 'What sinks get of the calls of keys and teams is said by a proxy admin.', { param: field });
  }
  requireSinks('sinks', asked.sinks ?? [], offered);
  requireSinks('disabled_sinks', asked.disabled_sinks ?? [], offered);
  for (const pattern of asked.redact_patterns ?? []) requirePattern(pattern);
  if (asked.record_content === true && offered.content === 'none') {
    throw new Problem(
      422,
      'record_content: the gateway keeps no content. Start it with OUTCROP_RECORD_CONTENT=per-key first.',
      { param: 'record_content' },
    );
  }
  return {
    sinks: asked.sinks === undefined ? base.sinks : asked.sinks,
    disabledSinks: asked.disabled_sinks === undefined ? base.disabledSinks : (asked.disabled_sinks ?? []),
    recordContent: asked.record_content === undefined ? base.recordContent : asked.record_content,
    contentSampleRate:
      asked.content_sample_rate === undefined ? base.contentSampleRate : (asked.content_sample_rate ?? 1),
    redactFields: asked.redact_fields === undefined ? base.redactFields : (asked.redact_fields ?? []),
    redactPatterns: asked.redact_patterns === undefined ? base.redactPatterns : (asked.redact_patterns ?? []),
  };
}

/** The fields that say something. Null does: it takes away what was said. */
function given({
  sinks,
  disabled_sinks,
  record_content,
  content_sample_rate,
  redact_fields,
  redact_patterns,
}: LoggingInput): Omit<LoggingInput, 'metadata'> {
  return {
    ...(sinks === undefined ? {} : { sinks }),
    ...(disabled_sinks === undefined ? {} : { disabled_sinks }),
    ...(record_content === undefined ? {} : { record_content }),
    ...(content_sample_rate === undefined ? {} : { content_sample_rate }),
    ...(redact_fields === undefined ? {} : { redact_fields }),
    ...(redact_patterns === undefined ? {} : { redact_patterns }),
  };
}

function requireSinks(param: string, names: readonly string[], { sinks }: OfferedLogging): void {
  const unknown = names.find((name) => !sinks.includes(name));
  if (unknown === undefined) return;
  const there = sinks.length === 0 ? 'there are none' : `there are ${sinks.slice(0, SINKS_SHOWN_MAX).join(', ')}`;
  throw new Problem(422, `${param}: "${shownValue(unknown)}" is no sink of this gateway's that gets calls; ${there}.`, {
    param,
  });
}

function requirePattern(pattern: string): void {
  try {
    parsePattern(pattern);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new Problem(422, `redact_patterns: "${shownValue(pattern)}" ${error.message}.`, { param: 'redact_patterns' });
  }
}
