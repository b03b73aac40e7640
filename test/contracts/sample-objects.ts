import type { Origin } from '../../src/domain/audit.ts';
import type { HolderFacts, KeyFacts, StoredKey, UserFacts } from '../../src/domain/holders.ts';
import type { NewCredential } from '../../src/domain/keys/credentials.ts';
import { DEFAULT_GRANT } from '../../src/domain/policy/grant.ts';
import { addCredentials } from '../../src/storage/credentials.ts';
import { insertDataKey } from '../../src/storage/data-keys.ts';
import { insertKey } from '../../src/storage/keys.ts';
import type { Storage } from '../../src/storage/storage.ts';

export const ORIGIN: Origin = { actor: 'master', action: 'test', sourceAddress: '192.0.2.1', onBehalfOf: null };

export const HOLDER: HolderFacts = {
  grant: DEFAULT_GRANT,
  limits: null,
  budgetId: null,
  settings: {},
  metadata: {},
  tags: [],
  blocked: false,
};

export const KEY: KeyFacts = {
  ...HOLDER,
  alias: null,
  name: 'sk-...abcd',
  teamId: null,
  userId: null,
  expiresMs: null,
};

export const USER: UserFacts = { ...HOLDER, alias: null, email: null, role: 'internal_user' };

export const COPY = { salt: 'c2FsdA==', nonce: 'bm9uY2U=', sealed: 'c2VhbGVk' };

/** Credentials refer to a data key, so there has to be one. */
export async function withDataKeys(storage: Storage, ...versions: readonly number[]): Promise<void> {
  await storage.change(ORIGIN, async (change) => {
    for (const version of versions) await insertDataKey(change, version, COPY, null);
  });
}

export function bearer(lookup: string, dataKeyVersion = 1): NewCredential {
  return { kind: 'bearer', lookup, dataKeyVersion };
}

export function aws(lookup: string, dataKeyVersion = 1): NewCredential {
  return { kind: 'aws', lookup, dataKeyVersion };
}

/** A key in a change of its own, with the credentials `<id>-digest` and `<id>-access` unless others are given. */
export function makeKey(
  storage: Storage,
  id: string,
  facts: Partial<KeyFacts> = {},
  credentials: readonly NewCredential[] = [bearer(`${id}-digest`), aws(`${id}-access`)],
): Promise<StoredKey> {
  return storage.change(ORIGIN, async (change) => {
    const key = await insertKey(change, id, { ...KEY, ...facts });
    await addCredentials(change, id, credentials);
    return key;
  });
}
