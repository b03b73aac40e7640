import type { StoredKey } from '../domain/holders.ts';
import { isBearerKey } from '../domain/keys/bearer-key.ts';
import { isKeyId } from '../domain/keys/key-id.ts';
import { type Actor, mayChangeKey, maySeeKey } from './actor.ts';
import { findBearer } from './credentials.ts';
import type { AdminParts, AdminReads } from './ports.ts';
import { Problem } from './problem.ts';

/** As LiteLLM answers; also for keys that are not the caller's business, so that nobody can ask which there are. */
function noSuchKey(): Problem {
  return new Problem(404, 'Key not found in database.', { param: 'key' });
}

/** The key, in use, that a public id or the key itself stands for, if the caller may see it. @throws Problem 404 */
export async function requireKey(
  reads: AdminReads,
  reference: string,
  actor: Actor,
  parts: AdminParts,
): Promise<StoredKey> {
  const key = await findKey(reads, reference, parts);
  if (key === null || key.deletedMs !== null || !maySeeKey(actor, key)) throw noSuchKey();
  return key;
}

/** The same for a key that is to be changed. @throws Problem 404, 403 */
export async function requireOwnKey(
  reads: AdminReads,
  reference: string,
  actor: Actor,
  parts: AdminParts,
): Promise<StoredKey> {
  return requireChangeable(await requireKey(reads, reference, actor, parts), actor);
}

/** @throws Problem 404, 403 */
export async function requireOwnKeyByAlias(reads: AdminReads, alias: string, actor: Actor): Promise<StoredKey> {
  const key = await reads.getKeyByAlias(alias);
  if (key === null || !maySeeKey(actor, key)) throw noSuchKey();
  return requireChangeable(key, actor);
}

function requireChangeable(key: StoredKey, actor: Actor): StoredKey {
  if (mayChangeKey(actor, key)) return key;
  throw new Problem(403, 'This key may be changed by its user, by an admin of its team, or by a proxy admin.', {
    param: 'key',
  });
}

async function findKey(reads: AdminReads, reference: string, parts: AdminParts): Promise<StoredKey | null> {
  if (isKeyId(reference)) return reads.getKey(reference);
  if (!isBearerKey(reference)) return null;
  const owner = await findBearer(reads, reference, parts);
  return owner === null ? null : reads.getKey(owner.key.id);
}
