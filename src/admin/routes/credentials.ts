import { z } from '@hono/zod-openapi';
import { shownName } from '../../domain/keys/bearer-key.ts';
import { secretAccessKeyOf } from '../../domain/keys/data-key.ts';
import { mayHoldKey, requireExpiryHeld, requireHeld, requireOutputCapHeld, requireRoutesHeld } from '../actor.ts';
import { makeCredentials } from '../credentials.ts';
import { durationMs } from '../duration.ts';
import { REGENERATE_FIELDS } from '../fields.ts';
import { requireOwnKey } from '../find-key.ts';
import { requireBoundAlike, requireLimitsKept } from '../held-limits.ts';
import { durationText } from '../inputs.ts';
import { ensureUser, keyInput, keyPatch } from '../key-facts.ts';
import { Problem } from '../problem.ts';
import { type AdminRequest, type Answer, changing, defineRoute, type Route } from '../route.ts';
import { readSettings } from '../settings.ts';
import { date, freshKeyView } from '../views.ts';
import { requireUnused, viewFresh } from './keys.ts';

/** A month is long enough to change a secret everywhere, and short enough that an old one is not a second key. */
const GRACE_MS_MAX = 31 * 86_400_000;

const regenerateInput = keyInput
  .extend({
    key: z.string(),
    new_key: z.string().optional(),
    grace_period: durationText.optional().openapi({
      description: 'How long the old key and the old AWS pair go on working, at most 31d. None: not at all.',
    }),
  })
  .strict();

/**
 * Gives a key new credentials. Whoever gets them can do all that the key can, so the caller has to hold that itself.
 * @throws Problem 403, 404, 422
 */
async function regenerate(input: z.infer<typeof regenerateInput>, request: AdminRequest): Promise<Answer> {
  const { actor, parts } = request;
  const graceMs = input.grace_period === undefined ? 0 : (durationMs(input.grace_period) ?? 0);
  if (graceMs > GRACE_MS_MAX) {
    throw new Problem(422, 'grace_period: is longer than 31 days.', { param: 'grace_period' });
  }
  const own = input.new_key === '' ? undefined : input.new_key;
  const fresh = makeCredentials(own, 'new_key', actor, parts);
  const key = await changing(request, 'key.regenerate', async (change) => {
    const before = await requireOwnKey(change, input.key, actor, parts);
    const patch = keyPatch(input, before, request);
    if (!mayHoldKey(actor, { userId: before.userId })) {
      throw new Problem(403, 'The secret of a key is given to its user or to a proxy admin.', { param: 'key' });
    }
    requireHeld(actor, patch.grant ?? before.grant);
    const { allowedRoutes, outputCap } = readSettings(patch.settings ?? before.settings);
    requireRoutesHeld(actor, allowedRoutes);
    requireOutputCapHeld(actor, outputCap);
    requireBoundAlike(actor, { ...before, keyId: before.id });
    await requireLimitsKept(change, before, patch, actor);
    requireExpiryHeld(actor, patch.expiresMs ?? null);
    await requireUnused(change, fresh.key, parts);
    await ensureUser(change, patch.userId ?? null, actor);
    const after = await change.updateKey(before.id, { ...patch, name: shownName(fresh.key) });
    await change.replaceCredentials(before.id, fresh.stored, graceMs);
    return after;
  });
  return { body: await viewFresh(key, fresh, parts) };
}

/** The AWS pair that stands beside the credential the caller used: one that is in grace gets no newer pair by it. */
async function ownPair({ actor, parts }: AdminRequest): Promise<Answer> {
  if (actor.kind === 'master') {
    throw new Problem(400, 'The master key has no AWS credentials: use a virtual key.', { param: 'key' });
  }
  const credentials = await parts.store.read.listCredentials(actor.keyId);
  // Looked up again: the key may have been regenerated since the caller was let in.
  const used = credentials.find(({ id }) => id === actor.credentialId);
  const pair = credentials.find(({ kind, validUntilMs }) => kind === 'aws' && validUntilMs === used?.validUntilMs);
  const dataKey = pair === undefined ? undefined : parts.dataKeys.byVersion(pair.dataKeyVersion);
  if (pair === undefined || dataKey === undefined) {
    throw new Problem(409, 'The AWS credentials of this key count no longer: regenerate the key.', { param: 'key' });
  }
  const ends = [pair.validUntilMs, actor.expiresMs].filter((end) => end !== null);
  const endMs = ends.length === 0 ? null : Math.min(...ends);
  return {
    body: {
      aws_access_key_id: pair.lookup,
      aws_secret_access_key: secretAccessKeyOf(dataKey, pair.lookup),
      expires: endMs === null ? null : date(endMs),
    },
  };
}

/** Secrets of keys: changing them, and a key's own pair. */
export const CREDENTIAL_ROUTES: readonly Route[] = [
  ...['/key/regenerate', '/key/{key}/regenerate'].map((path) =>
    defineRoute({
      method: 'post',
      path,
      summary: 'Give a key a new value and new AWS credentials; the old ones live on for the grace period',
      access: 'manager',
      input: regenerateInput,
      fields: REGENERATE_FIELDS,
      answer: freshKeyView,
      handle: regenerate,
    }),
  ),
  defineRoute({
    method: 'get',
    path: '/key/aws-credentials',
    summary: "The caller's own virtual AWS credentials",
    access: 'anyKey',
    input: z.strictObject({}),
    answer: z.object({
      aws_access_key_id: z.string(),
      aws_secret_access_key: z.string(),
      expires: z.string().nullable(),
    }),
    handle: (_input, request) => ownPair(request),
  }),
  defineRoute({
    method: 'post',
    path: '/key/health',
    summary: 'Whether the key in the request is good',
    access: 'anyKey',
    input: z.strictObject({}),
    answer: z.object({ key: z.literal('healthy'), logging_callbacks: z.null() }),
    handle: () => Promise.resolve({ body: { key: 'healthy', logging_callbacks: null } }),
  }),
];
