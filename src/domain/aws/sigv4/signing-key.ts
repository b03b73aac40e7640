import { createHmac } from 'node:crypto';
import { HmacKey } from './hmac-key.ts';
import type { CredentialScope } from './signature.ts';

export interface SigningKeyId extends CredentialScope {
  readonly secretAccessKey: string;
}

/** Gives the key that signs for one day, region, service and secret. */
export type SigningKeys = (id: SigningKeyId) => HmacKey;

/**
 * Derived keys, kept: deriving one costs four HMACs and a gateway needs the same few all day. The oldest goes when the
 * bound is reached, so neither a new day nor rotating credentials make it grow.
 *
 * @param keysMax enough for every pair of region and service times the credentials in use.
 */
export function createSigningKeys(keysMax = 256): SigningKeys {
  const keys = new Map<string, HmacKey>();
  return (id) => {
    // The secret stands last because it alone may contain a slash.
    const name = `${id.date}/${id.region}/${id.service}/${id.secretAccessKey}`;
    const known = keys.get(name);
    if (known !== undefined) return known;

    const key = new HmacKey(deriveSigningKey(id));
    if (keys.size >= keysMax) removeOldest(keys);
    keys.set(name, key);
    return key;
  };
}

function removeOldest(keys: Map<string, HmacKey>): void {
  for (const oldest of keys.keys()) {
    keys.delete(oldest);
    return;
  }
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
