import { z } from '@hono/zod-openapi';
import { metadataWithLogging } from './inputs.ts';

const SINKS_MAX = 100;
/** Half of what is compiled together, so that a key's rules fit together with those of any team. */
const REDACTIONS_MAX = 32;
const FIELD_CHARS_MAX = 256;
const PATTERN_CHARS_MAX = 512;

const sinkNames = z.array(z.string().trim().toLowerCase().min(1).max(64)).max(SINKS_MAX).nullable().optional();

/** What keys and teams may say of what sinks get of their calls. */
export const loggingShape = {
  metadata: metadataWithLogging.optional(),
  sinks: sinkNames.openapi({
    description: 'The sinks that get the calls, by their names in the configuration. Null: all; an empty list: none.',
  }),
  disabled_sinks: sinkNames.openapi({ description: 'Sinks that do not get the calls.' }),
  record_content: z.boolean().nullable().optional().openapi({
    description: 'Whether what was asked and answered is kept. False wins, whoever says it; null: as the gateway does.',
  }),
  content_sample_rate: z.number().min(0).max(1).nullable().optional().openapi({
    description: 'The share of calls whose content is kept, from 0 to 1; the id of a call decides.',
  }),
  redact_fields: z.array(z.string().min(1).max(FIELD_CHARS_MAX)).max(REDACTIONS_MAX).nullable().optional().openapi({
    description: 'Members of requests and answers that are not kept, beside those of the gateway: names or paths.',
  }),
  redact_patterns: z.array(z.string().min(1).max(PATTERN_CHARS_MAX)).max(REDACTIONS_MAX).nullable().optional().openapi({
    description: 'Patterns of texts that are not kept, beside those of the gateway.',
  }),
} as const;

const loggingInput = z.object(loggingShape);
export type LoggingInput = z.infer<typeof loggingInput>;
