import type { CredentialOwner, NewCredential } from '../domain/keys/credentials.ts';
import { newAccessKeyId } from '../domain/keys/access-key-id.ts';
import { newBearerKey, ownKeyFault } from '../domain/keys/bearer-key.ts';
import { bearerDigest, secretAccessKeyOf } from '../domain/keys/data-key.ts';
import { type Actor, isAdmin } from './actor.ts';
import type { AdminParts, AdminReads } from './ports.ts';
import { Problem } from './problem.ts';

/** A new pair of credentials: what the caller is told, once, and what is stored. */
export interface FreshCredentials {
  readonly key: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly stored: readonly NewCredential[];
}

/**
 * Makes a bearer key and a pair of virtual AWS credentials.
 * @param own a value the caller chose for the key.
 * @throws Problem 403, 422
 */
export function makeCredentials(
  own: string | undefined,
  param: string,
  actor: Actor,
  parts: AdminParts,
): FreshCredentials {
  if (own !== undefined) requireOwnKey(own, param, actor, parts);
  const dataKey = parts.dataKeys.current;
  const key = own ?? newBearerKey(parts.random);
  const accessKeyId = newAccessKeyId(parts.random);
  return {
    key,
    accessKeyId,
    secretAccessKey: secretAccessKeyOf(dataKey, accessKeyId),
    stored: [
      { kind: 'bearer', lookup: bearerDigest(dataKey, key), dataKeyVersion: dataKey.version },
      { kind: 'aws', lookup: accessKeyId, dataKeyVersion: dataKey.version },
    ],
  };
}

/** What a bearer key may be stored as: under each data key that still counts. */
export function lookupsOf(key: string, parts: AdminParts): readonly string[] {
  return parts.dataKeys.live().map((dataKey) => bearerDigest(dataKey, key));
}

/**
 * Whose a bearer key is. One that is stored under an older data key is given to be stored under the current one: only
 * now that it has been shown can it be hashed again.
 */
export async function findBearer(reads: AdminReads, key: string, parts: AdminParts): Promise<CredentialOwner | null> {
  const owner = await reads.findCredential('bearer', lookupsOf(key, parts));
  const { current } = parts.dataKeys;
  if (owner !== null && owner.credential.dataKeyVersion < current.version) {
    parts.rehash(owner.credential.id, { lookup: bearerDigest(current, key), dataKeyVersion: current.version });
  }
  return owner;
}

function requireOwnKey(own: string, param: string, actor: Actor, parts: AdminParts): void {
  // That a value is taken says that somebody has it: not for everyone to ask.
  if (!isAdmin(actor)) throw new Problem(403, 'Only an administrator may choose the value of a key.', { param });
  const fault = ownKeyFault(own);
  if (fault !== null) throw new Problem(422, fault, { param });
  if (parts.masterKey?.matches(own) === true) {
    throw new Problem(422, 'The master key can not be a virtual key as well.', { param });
  }
}
