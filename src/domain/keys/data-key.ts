import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

export const DATA_KEY_BYTES = 32;

/** The random key under which credentials are stored or derived. Its bytes can't be printed or serialised by accident. */
export interface DataKey {
  /** 1, 2, … */
  readonly version: number;
  readonly key: KeyObject;
}

/** @param bytes 32 of them. */
export function dataKey(version: number, bytes: Uint8Array): DataKey {
  return { version, key: createSecretKey(bytes) };
}

/**
 * What is stored of a bearer key, in lower-case hex. It is taken over the key's SHA-256, since that is what LiteLLM
 * stores: its rows can be taken over without knowing the keys.
 */
export function bearerDigest({ key }: DataKey, bearerKey: string): string {
  return createHmac('sha256', key)
    .update(hash('sha256', bearerKey, 'buffer'))
    .digest('hex');
}

/** As long as AWS's. */
const SECRET_LENGTH = 40;

/**
 * The secret of a virtual AWS key pair: 40 characters of base64, 240 bits. It is stored nowhere, so a new secret takes a
 * new access key id.
 *
 * Its input is 31 bytes long and that of a bearer digest 32, so neither can be made to stand for the other.
 * @param accessKeyId one that `isAccessKeyId` has passed.
 */
export function secretAccessKeyOf({ key }: DataKey, accessKeyId: string): string {
  const digest = createHmac('sha256', key).update(`aws-secret:${accessKeyId}`).digest('base64');
  return digest.slice(0, SECRET_LENGTH);
}
