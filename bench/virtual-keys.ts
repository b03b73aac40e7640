import type { KeyFacts } from '../src/domain/holders.ts';
import { randomBytes } from 'node:crypto';
import { newAccessKeyId } from '../src/domain/keys/access-key-id.ts';
import { newBearerKey, shownName } from '../src/domain/keys/bearer-key.ts';
import { bearerDigest, secretAccessKeyOf } from '../src/domain/keys/data-key.ts';
import { newKeyId } from '../src/domain/keys/key-id.ts';
import { DEFAULT_GRANT } from '../src/domain/policy/grant.ts';
import { openKeyring } from '../src/keys/keyring.ts';
import { addCredentials } from '../src/storage/credentials.ts';
import { createDataKeyStore } from '../src/storage/data-key-store.ts';
import { insertKey } from '../src/storage/keys.ts';
import { openStorage } from '../src/storage/storage.ts';
import { MASTER_KEY } from './outcrop.ts';

/** A virtual key with all that it may be shown as. */
export interface VirtualKey {
  readonly bearer: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A key as `POST /key/generate` makes it of `{}`. */
const PLAIN_KEY: Omit<KeyFacts, 'name'> = {
  grant: DEFAULT_GRANT,
  limits: null,
  budgetId: null,
  settings: {},
  metadata: {},
  tags: [],
  blocked: false,
  alias: null,
  teamId: null,
  userId: null,
  expiresMs: null,
};

const KEYS_PER_CHANGE = 500;
const QUIET_MS = 2000;
const ORIGIN = { actor: 'bench', action: 'key.generate', sourceAddress: null, onBehalfOf: null };
const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const CLOCK = { nowMs: () => Date.now(), elapsedMs: () => performance.now() };

/**
 * Puts keys into the database of a data directory, by the gateway's own storage code: one transaction for many keys takes
 * a small part of the time that as many calls of the management API would. To be called before a gateway opens it.
 * @param facts what they all have beyond a plain key.
 */
export async function makeKeys(dataDir: string, count: number, facts: Partial<KeyFacts> = {}): Promise<VirtualKey[]> {
  const storage = await openStorage({ databaseUrl: null, dataDir, clock: CLOCK, log: SILENT });
  try {
    const keyring = await openKeyring({
      store: createDataKeyStore(storage),
      secret: MASTER_KEY,
      previousSecret: null,
      random: randomBytes,
      nowMs: CLOCK.nowMs,
    });
    const { version } = keyring.current;
    const made: VirtualKey[] = [];
    let printedMs = performance.now();
    while (made.length < count) {
      const fresh = Array.from({ length: Math.min(KEYS_PER_CHANGE, count - made.length) }, () => {
        const accessKeyId = newAccessKeyId(randomBytes);
        const secretAccessKey = secretAccessKeyOf(keyring.current, accessKeyId);
        return { bearer: newBearerKey(randomBytes), accessKeyId, secretAccessKey };
      });
      await storage.change(ORIGIN, async (change) => {
        for (const { bearer, accessKeyId } of fresh) {
          const name = shownName(bearer);
          const { id } = await insertKey(change, newKeyId(randomBytes), { ...PLAIN_KEY, name, ...facts });
          await addCredentials(change, id, [
            { kind: 'bearer', lookup: bearerDigest(keyring.current, bearer), dataKeyVersion: version },
            { kind: 'aws', lookup: accessKeyId, dataKeyVersion: version },
          ]);
        }
      });
      made.push(...fresh);
      if (performance.now() - printedMs > QUIET_MS) {
        printedMs = performance.now();
        console.log(`${made.length} of ${count} keys are made`);
      }
    }
    return made;
  } finally {
    await storage.close();
  }
}
