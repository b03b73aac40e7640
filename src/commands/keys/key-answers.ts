import { z } from 'zod';

const names = z.array(z.string());

/** What the gateway tells of a key, as far as people are shown it. Programs get all of it. */
export const keyAnswer = z.looseObject({
  token_id: z.string(),
  key_name: z.string(),
  key_alias: z.string().nullable(),
  team_id: z.string().nullable(),
  user_id: z.string().nullable(),
  expires: z.iso.datetime().nullable(),
  blocked: z.boolean(),
  models: names,
  allowed_operations: names,
  allowed_resources: names,
  allowed_regions: names,
  allowed_source_addresses: names,
  allowed_routes: names,
  tags: names,
  sinks: names.nullable(),
  disabled_sinks: names,
  record_content: z.boolean().nullable(),
  content_sample_rate: z.number(),
  redact_fields: names,
  redact_patterns: names,
  created_at: z.string(),
  created_by: z.string(),
});
export type KeyAnswer = z.infer<typeof keyAnswer>;

/** The one answer with the secrets of a key. */
export const freshKeyAnswer = keyAnswer.extend({
  key: z.string(),
  aws_access_key_id: z.string(),
  aws_secret_access_key: z.string(),
});
export type FreshKeyAnswer = z.infer<typeof freshKeyAnswer>;

export const keyInfoAnswer = z.object({ info: keyAnswer });
export const keyPageAnswer = z.object({ keys: z.array(keyAnswer), total_pages: z.number() });
export const deletedAnswer = z.object({ deleted_keys: names });
