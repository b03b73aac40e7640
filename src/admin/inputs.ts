import type { JsonObject, JsonValue } from '../domain/json.ts';
import { z } from '@hono/zod-openapi';
import { isAllowedRoute } from '../domain/allowed-routes.ts';
import { isRegion } from '../domain/aws/partitions.ts';
import { durationMs } from './duration.ts';

const METADATA_BYTES_MAX = 64 * 1024;
export const KEYS_PER_REQUEST_MAX = 1000;

/** What LiteLLM reads out of metadata and acts upon. Here nobody would. */
const ACTED_ON_BY_LITELLM: ReadonlySet<string> = new Set([
  'guardrails',
  'policies',
  'logging',
  'litellm_disabled_callbacks',
  'callback_settings',
  'model_rpm_limit',
  'model_tpm_limit',
]);
/** What of it is acted on where keys and teams say it, see `litellm-logging.ts`. */
const LOGGING_METADATA: ReadonlySet<string> = new Set(['logging', 'litellm_disabled_callbacks']);
const NONE: ReadonlySet<string> = new Set();

/** What ids and names are made of: no control characters, no halves of surrogate pairs. */
const PRINTABLE = /^[^\p{Cc}\p{Cs}]*$/u;

export const nameText = z.string().max(256).regex(PRINTABLE, 'holds control characters');
export const idText = nameText.min(1).regex(/^\S(?:.*\S)?$/su, 'begins or ends with a space');
export const durationText = z.string().refine((text) => durationMs(text) !== null, {
  message: 'is no duration: write 30s, 30m, 30h, 30d, 2w or 1mo',
});

const patternList = z.array(z.string().max(2048)).max(1000);

export const metadataObject = metadataBut(NONE);
export const metadataWithLogging = metadataBut(LOGGING_METADATA);

const tagList = z.array(nameText.min(1)).max(100);

/** What keys, teams and users may be granted. An empty list restricts nothing. */
export const grantShape = {
  models: patternList.optional().openapi({
    description:
      'Model ids, profile ids or ARNs, with *. "anthropic.claude-*" covers the us., eu., … profiles too. Empty: all.',
  }),
  allowed_operations: patternList.optional().openapi({
    description: 'service:Operation with *, such as bedrock-runtime:* or bedrock:List*. Empty: the default operations.',
  }),
  allowed_resources: patternList.optional().openapi({
    description: 'Ids, ARNs or s3:// places, with *. Empty: all.',
  }),
  allowed_regions: patternList.optional().openapi({ description: 'AWS regions, with *. Empty: all.' }),
  allowed_source_addresses: patternList.optional().openapi({
    description: 'Addresses or CIDR blocks that requests may come from. Empty: all.',
  }),
  act_for_users: z.boolean().optional().openapi({
    description: 'Whether headers that act for another user may be sent.',
  }),
  blocked: z.boolean().optional(),
  metadata: metadataObject.optional(),
  tags: tagList.optional(),
} as const;

/** What is enforced of a key beside its grant. */
export const keyShape = {
  ...grantShape,
  key_alias: nameText.optional(),
  user_id: nameText.optional(),
  team_id: nameText.optional(),
  key_type: z.enum(['default', 'llm_api', 'management', 'read_only']).optional(),
  allowed_routes: z
    .array(z.string().refine(isAllowedRoute, { message: 'is neither a path nor a group of routes' }))
    .max(100)
    .optional()
    .openapi({ description: 'Paths, prefixes, a * at the end, or llm_api_routes, info_routes, management_routes.' }),
  default_region: z
    .string()
    .refine((text) => text === '' || isRegion(text), { message: 'is no AWS region' })
    .optional(),
} as const;

const wholeNumber = (least: number, most: number) => z.coerce.number().int().min(least).max(most);
export const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

export const pageShape = {
  page: wholeNumber(1, 100_000).default(1),
  size: wholeNumber(1, 100).default(10),
} as const;

/** Where LiteLLM calls the size of a page `page_size`. */
export const pageSizeShape = {
  page: wholeNumber(1, 100_000).default(1),
  page_size: wholeNumber(1, 100).default(25),
} as const;

/** @param understood names that LiteLLM acts upon, and we too */
function metadataBut(understood: ReadonlySet<string>) {
  return z
    .record(z.string(), z.unknown())
    .transform((value, context): JsonObject => {
      const fault = metadataFault(value, understood);
      if (fault !== null) context.addIssue({ code: 'custom', message: fault });
      return fault === null && isJsonObject(value) ? value : {};
    })
    .openapi({ type: 'object', additionalProperties: true });
}

function metadataFault(value: Readonly<Record<string, unknown>>, understood: ReadonlySet<string>): string | null {
  const isActedOn = (name: string): boolean => ACTED_ON_BY_LITELLM.has(name) && !understood.has(name);
  const acted = Object.keys(value).find((name) => isActedOn(name) && !isEmpty(value[name]));
  if (acted !== undefined) return `holds ${acted}, which the gateway would not act on`;
  const bytes = Buffer.byteLength(JSON.stringify(value));
  return bytes > METADATA_BYTES_MAX ? `is over ${METADATA_BYTES_MAX} bytes of JSON` : null;
}

function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

function isJsonObject(value: unknown): value is JsonObject {
  return isJson(value) && typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isJson(value: unknown): value is JsonValue {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return true;
  return typeof value === 'object' && Object.values(value).every(isJson);
}
