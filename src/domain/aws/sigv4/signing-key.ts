import { createHmac } from 'node:crypto';
import { HmacKey } from './hmac-key.ts';
import type { CredentialScope } from './signature.ts';

export interface SigningKeyId extends CredentialScope {
  readonly secretAccessKey: string;
}

/** Gives the key that signs for one day, region, service and secret. */
export type SigningKeys = (id: SigningKeyId) => HmacKey;

interface DerivedKey extends CredentialScope {
  readonly key: HmacKey;
}

/** More than a client signs for in a day. Who makes up scopes pushes out the keys of no other secret. */
const KEYS_PER_SECRET_MAX = 32;

/**
 * Derived keys, kept: deriving one costs four HMACs and a gateway needs the same few all day. When the bound is reached
 * those of the oldest secret go, so neither a new day nor rotating credentials make it grow.
 *
 * They are found by their secret, a text that lives as long as the credential, so that looking one up costs next to nothing.
 * @param keysMax enough for every pair of region and service times the credentials in use.
 */
export function createSigningKeys(keysMax = 256): SigningKeys {
  /** By secret; of each the latest first. */
  const keysOfSecrets = new Map<string, DerivedKey[]>();
  let keysKept = 0;
  return (id) => {
    const known = keysOfSecrets.get(id.secretAccessKey)?.find((each) => isOfScope(each, id));
    if (known !== undefined) return known.key;

    if (keysKept >= keysMax) keysKept -= removeOldest(keysOfSecrets);
    const keys = keysOfSecrets.get(id.secretAccessKey) ?? [];
    if (keys.length >= KEYS_PER_SECRET_MAX) keysKept -= keys.splice(-1).length;
    const { date, region, service } = id;
    const key = new HmacKey(deriveSigningKey(id));
    keys.unshift({ date, region, service, key });
    keysOfSecrets.set(id.secretAccessKey, keys);
    keysKept += 1;
    return key;
  };
}

function isOfScope(key: CredentialScope, { date, region, service }: CredentialScope): boolean {
  return key.date === date && key.region === region && key.service === service;
}

/** @returns how many keys went with it. */
function removeOldest(keysOfSecrets: Map<string, DerivedKey[]>): number {
  for (const [secret, keys] of keysOfSecrets) {
    keysOfSecrets.delete(secret);
    return keys.length;
  }
  return 0;
}

/** Step 3 of "Create a signed AWS API request" (IAM User Guide). */
export function deriveSigningKey({ date, region, service, secretAccessKey }: SigningKeyId): Buffer {
  const dateKey = hmac(`AWS4${secretAccessKey}`, date);
  const regionKey = hmac(dateKey, region);
  const serviceKey = hmac(regionKey, service);
  return hmac(serviceKey, 'aws4_request');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
