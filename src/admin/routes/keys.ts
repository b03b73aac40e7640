import type { KeyFacts, StoredKey } from '../../domain/holders.ts';
import { z } from '@hono/zod-openapi';
import { newKeyId } from '../../domain/keys/key-id.ts';
import { shownName } from '../../domain/keys/bearer-key.ts';
import { type FreshCredentials, lookupsOf, makeCredentials } from '../credentials.ts';
import { KEY_FIELDS, ofChange } from '../fields.ts';
import { requireOwnKey, requireOwnKeyByAlias } from '../find-key.ts';
import { requireLimitsKept } from '../held-limits.ts';
import { KEYS_PER_REQUEST_MAX } from '../inputs.ts';
import { ensureUser, keyInput, keyPatch, newKeyFacts } from '../key-facts.ts';
import type { AdminChange, AdminParts } from '../ports.ts';
import { Problem } from '../problem.ts';
import { type AdminRequest, changing, defineRoute, parseInput, type Route } from '../route.ts';
import { freshKeyView, keyView, viewKey, viewKeys } from '../views.ts';

const BULK_MAX = 500;

const generateInput = keyInput.extend({ key: z.string().optional() }).strict();
const updateInput = keyInput.extend({ key: z.string() }).strict();
const keyReference = z.strictObject({ key: z.string() });

/** Stores a new key with its credentials. @throws Problem 400 when the chosen value is somebody's already */
export async function storeKey(
  change: AdminChange,
  facts: Omit<KeyFacts, 'name'>,
  fresh: FreshCredentials,
  { actor, parts }: AdminRequest,
): Promise<StoredKey> {
  await requireUnused(change, fresh.key, parts);
  await ensureUser(change, facts.userId, actor);
  const key = await change.insertKey(newKeyId(parts.random), { ...facts, name: shownName(fresh.key) });
  await change.addCredentials(key.id, fresh.stored);
  return key;
}

/** The unique index sees only values under one data key; the same value may stand under an older one. */
export async function requireUnused(change: AdminChange, key: string, parts: AdminParts): Promise<void> {
  if ((await change.findCredential('bearer', lookupsOf(key, parts))) === null) return;
  throw new Problem(400, 'A key with this value exists already.', { param: 'key' });
}

/** The one answer that shows the secrets of a key. */
export async function viewFresh(
  key: StoredKey,
  fresh: FreshCredentials,
  parts: AdminParts,
): Promise<z.infer<typeof freshKeyView>> {
  return {
    ...(await viewKey(key, parts)),
    key: fresh.key,
    token: fresh.key,
    aws_access_key_id: fresh.accessKeyId,
    aws_secret_access_key: fresh.secretAccessKey,
  };
}

async function generate(
  input: z.infer<typeof generateInput>,
  request: AdminRequest,
  owner: 'user' | 'team',
  action: string,
) {
  const { actor, parts } = request;
  const facts = newKeyFacts(input, request, owner);
  const fresh = makeCredentials(input.key === '' ? undefined : input.key, 'key', actor, parts);
  const key = await changing(request, action, (change) => storeKey(change, facts, fresh, request));
  return { body: await viewFresh(key, fresh, parts) };
}

async function update(change: AdminChange, input: z.infer<typeof updateInput>, request: AdminRequest) {
  const { actor, parts } = request;
  const key = await requireOwnKey(change, input.key, actor, parts);
  const patch = keyPatch(input, key, request);
  await requireLimitsKept(change, key, patch, actor);
  await ensureUser(change, patch.userId ?? null, actor);
  return change.updateKey(key.id, patch);
}

function blocking(path: string, blocked: boolean): Route {
  return defineRoute({
    method: 'post',
    path,
    summary: blocked ? 'Block a key: it is refused at once' : 'Let a blocked key be used again',
    access: blocked ? 'manager' : 'admin',
    input: keyReference,
    answer: keyView,
    handle: async ({ key: reference }, request) => {
      const key = await changing(request, blocked ? 'key.block' : 'key.unblock', async (change) => {
        const { id } = await requireOwnKey(change, reference, request.actor, request.parts);
        return change.updateKey(id, { blocked });
      });
      return { body: await viewKey(key, request.parts) };
    },
  });
}

/** Keys are made, changed and taken away. */
export const KEY_ROUTES: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/key/generate',
    summary: 'Make a key, with a pair of virtual AWS credentials',
    access: 'manager',
    input: generateInput,
    fields: KEY_FIELDS,
    answer: freshKeyView,
    handle: (input, request) => generate(input, request, 'user', 'key.generate'),
  }),
  defineRoute({
    method: 'post',
    path: '/key/service-account/generate',
    summary: 'Make a key that belongs to a team and to no user',
    access: 'manager',
    input: generateInput,
    fields: KEY_FIELDS,
    answer: freshKeyView,
    handle: (input, request) => generate({ ...input, user_id: undefined }, request, 'team', 'key.generate'),
  }),
  defineRoute({
    method: 'post',
    path: '/key/update',
    summary: 'Change a key',
    access: 'manager',
    input: updateInput,
    fields: ofChange(KEY_FIELDS),
    answer: keyView.extend({ key: z.string() }),
    handle: async (input, request) => {
      const key = await changing(request, 'key.update', (change) => update(change, input, request));
      return { body: { key: key.id, ...(await viewKey(key, request.parts)) } };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/key/bulk_update',
    summary: `Change up to ${BULK_MAX} keys, all or none`,
    access: 'admin',
    input: z.strictObject({ keys: z.array(z.record(z.string(), z.unknown())).min(1).max(BULK_MAX) }),
    answer: z.object({
      total_requested: z.number(),
      successful_updates: z.array(z.object({ key: z.string(), key_info: keyView })),
      failed_updates: z.array(z.string()),
    }),
    handle: async ({ keys }, request) => {
      const inputs = keys.map((raw, index) => parseBulkEntry(raw, index));
      const updated = await changing(request, 'key.bulk_update', async (change) => {
        const done: StoredKey[] = [];
        for (const input of inputs) done.push(await update(change, input, request));
        return done;
      });
      const shown = await viewKeys(updated, request.parts);
      const updates = shown.map((view) => ({ key: view.token_id, key_info: view }));
      return { body: { total_requested: keys.length, successful_updates: updates, failed_updates: [] } };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/key/delete',
    summary: `Take up to ${KEYS_PER_REQUEST_MAX} keys away for good, all or none; by key, public id or alias`,
    access: 'manager',
    input: z.strictObject({
      keys: z.array(z.string()).max(KEYS_PER_REQUEST_MAX).optional(),
      key_aliases: z.array(z.string()).max(KEYS_PER_REQUEST_MAX).optional(),
    }),
    answer: z.object({ deleted_keys: z.array(z.string()) }),
    handle: async ({ keys = [], key_aliases: aliases = [] }, request) => {
      const { actor, parts } = request;
      if (keys.length + aliases.length === 0) {
        throw new Problem(422, 'keys: name the keys to delete, or their key_aliases.', { param: 'keys' });
      }
      const deleted = await changing(request, 'key.delete', async (change) => {
        const ids = new Set<string>();
        for (const key of keys) ids.add((await requireOwnKey(change, key, actor, parts)).id);
        for (const alias of aliases) ids.add((await requireOwnKeyByAlias(change, alias, actor)).id);
        for (const id of ids) await change.deleteKey(id);
        return [...ids];
      });
      return { body: { deleted_keys: deleted } };
    },
  }),
  blocking('/key/block', true),
  blocking('/key/unblock', false),
];

/** @throws Problem 422 naming the entry and the field */
function parseBulkEntry(raw: Readonly<Record<string, unknown>>, index: number): z.infer<typeof updateInput> {
  try {
    return parseInput(raw, updateInput, ofChange(KEY_FIELDS));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new Problem(422, `keys.${index}: ${error.message}`, { param: `keys.${index}.${error.param ?? ''}` });
  }
}
