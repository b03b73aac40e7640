import { z } from '@hono/zod-openapi';
import type { JsonObject } from '../domain/json.ts';
import type { LoggingInput } from './logging-inputs.ts';
import { Problem, shownField, shownValue } from './problem.ts';

/** Where LiteLLM's users say which callbacks get the calls of a key or team, and which don't. */
const LOGGING = 'logging';
const DISABLED = 'litellm_disabled_callbacks';

/** Every other variable of a callback is a credential or an address, of an account that the gateway has none of. */
const CONTENT_OFF = 'turn_off_message_logging';

const callbacks = z.array(
  z.strictObject({
    callback_name: z.string().min(1).max(64),
    callback_type: z.string().nullish(),
    callback_vars: z.record(z.string(), z.unknown()).nullish(),
  }),
);
const names = z.array(z.string().min(1).max(64));
const isOff = z.union([z.boolean(), z.stringbool({ truthy: ['true'], falsy: ['false'] })]).nullish();

/** Fields that take the place of LiteLLM's, which are not stored beside them: one of two would not be true for long. */
type Mapped = Pick<LoggingInput, 'sinks' | 'disabled_sinks' | 'record_content'>;

/**
 * What LiteLLM's fields in metadata say, in our own. Empty ones say nothing, as its dashboard sends them always.
 * @throws Problem 422 for what can't be done: callbacks with credentials of their own, or for some outcomes only
 */
export function litellmLogging(metadata: JsonObject): Mapped {
  const listed = parsed(LOGGING, callbacks, metadata[LOGGING]);
  const disabled = parsed(DISABLED, names, metadata[DISABLED]).map(sinkName);
  for (const { callback_type: type } of listed) requireAllOutcomes(type ?? 'success_and_failure');
  const keepsOff = listed.map(({ callback_vars: vars }) => switchesContentOff(vars ?? {}));
  return {
    ...(listed.length === 0 ? {} : { sinks: [...new Set(listed.map(({ callback_name: name }) => sinkName(name)))] }),
    ...(disabled.length === 0 ? {} : { disabled_sinks: disabled }),
    ...(keepsOff.includes(true) ? { record_content: false } : {}),
  };
}

/** Metadata as it is stored. */
export function withoutLogging(metadata: JsonObject): JsonObject {
  const { [LOGGING]: _logging, [DISABLED]: _disabled, ...rest } = metadata;
  return rest;
}

function requireAllOutcomes(type: string): void {
  if (type === 'success_and_failure') return;
  throw refusal(
    LOGGING,
    `the callback_type "${shownValue(type)}" is not supported: a sink gets all calls of a key. Say success_and_failure.`,
  );
}

/** Of the calls, whatever their sink: the stricter is meant. */
function switchesContentOff(vars: Readonly<Record<string, unknown>>): boolean {
  const other = Object.keys(vars).find((name) => name !== CONTENT_OFF);
  if (other !== undefined) {
    throw refusal(
      LOGGING,
      `callback_vars.${shownField(other)} is not supported: keys and teams have no credentials of their own for sinks. Name a sink of the gateway's, and leave it out.`,
    );
  }
  const value = isOff.safeParse(vars[CONTENT_OFF]);
  if (!value.success) throw refusal(LOGGING, `callback_vars.${CONTENT_OFF} is neither true nor false.`);
  return value.data === true;
}

function parsed<Value>(name: string, schema: z.ZodType<readonly Value[]>, value: unknown): readonly Value[] {
  if (value === undefined || value === null) return [];
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw refusal(name, 'can not be understood. Use the fields sinks and disabled_sinks.');
}

function refusal(name: string, problem: string): Problem {
  return new Problem(422, `metadata.${name}: ${problem}`, { param: `metadata.${name}` });
}

function sinkName(text: string): string {
  return text.trim().toLowerCase();
}
