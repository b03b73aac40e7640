import type { JsonObject, JsonValue } from '../domain/json.ts';
import type { OutputCap } from '../domain/limits/call-bounds.ts';
import {
  type LoggingRules,
  NO_LOGGING_RULES,
  readLoggingRules,
  storedLoggingRules,
} from '../domain/logging/logging-rules.ts';

/** What is enforced of a key beside its grant. Stored in its `settings`, where who lets requests in reads it too. */
export interface HolderSettings {
  /** `allowed_routes`: see `domain/allowed-routes.ts`; null for all. */
  readonly allowedRoutes: readonly string[] | null;
  /** `default_region`: where requests go that name no region; null for the gateway's own. */
  readonly defaultRegion: string | null;
  /** `max_output_tokens_reserved`: requests that could get more output are refused, or their streams ended; null for what the model gives. */
  readonly outputCap: OutputCap | null;
  /** What sinks get of its calls. A team has this one alone. */
  readonly logging: LoggingRules;
}

export const NO_SETTINGS: HolderSettings = {
  allowedRoutes: null,
  defaultRegion: null,
  outputCap: null,
  logging: NO_LOGGING_RULES,
};

export function storedSettings({ allowedRoutes, defaultRegion, outputCap, logging }: HolderSettings): JsonObject {
  return {
    ...(allowedRoutes === null ? {} : { allowed_routes: allowedRoutes }),
    ...(defaultRegion === null ? {} : { default_region: defaultRegion }),
    ...(outputCap === null ? {} : { max_output_tokens_reserved: outputCap.tokens }),
    ...storedLoggingRules(logging),
  };
}

/** A restriction that can't be read allows nothing. */
export function readSettings(stored: JsonObject): HolderSettings {
  const { allowed_routes: routes, default_region: region, max_output_tokens_reserved: outputTokens } = stored;
  return {
    allowedRoutes: routes === undefined ? null : (strings(routes) ?? ['/unreadable']),
    defaultRegion: typeof region === 'string' ? region : null,
    outputCap: outputTokens === undefined ? null : outputCapOf(typeof outputTokens === 'number' ? outputTokens : 0),
    logging: readLoggingRules(stored),
  };
}

export function outputCapOf(tokens: number): OutputCap {
  return { tokens };
}

function strings(value: JsonValue): readonly string[] | null {
  if (!Array.isArray(value)) return null;
  const texts = value.filter((entry) => typeof entry === 'string');
  return texts.length === value.length ? texts : null;
}
