import { createCipheriv, createDecipheriv, scrypt } from 'node:crypto';
import { DATA_KEY_BYTES } from '../domain/keys/data-key.ts';
import type { RandomBytes } from '../domain/keys/random-text.ts';

/** A data key as it may be stored: sealed under a secret that is not. Texts are base64. */
export interface WrappedDataKey {
  readonly salt: string;
  readonly nonce: string;
  /** Ciphertext and tag. */
  readonly sealed: string;
}

/** RFC 7914: 32 MiB and a good tenth of a second for each guess at the secret. */
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 2 ** 20 } as const;

const CIPHER = 'aes-256-gcm';
const CIPHER_KEY_BYTES = 32;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Seals a data key for one version; sealed for one, it does not open as another. Runs off the event loop. */
export async function wrap(
  dataKeyBytes: Uint8Array,
  version: number,
  secret: string,
  random: RandomBytes,
): Promise<WrappedDataKey> {
  const salt = random(SALT_BYTES);
  const nonce = random(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, await derive(secret, salt), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(boundTo(version));
  const sealed = Buffer.concat([cipher.update(dataKeyBytes), cipher.final(), cipher.getAuthTag()]);
  return { salt: base64(salt), nonce: base64(nonce), sealed: sealed.toString('base64') };
}

/** @returns the data key's bytes, or null when the secret is another one or the copy is damaged: the two can't be told apart. */
export async function unwrap(copy: WrappedDataKey, version: number, secret: string): Promise<Buffer | null> {
  const nonce = Buffer.from(copy.nonce, 'base64');
  const sealed = Buffer.from(copy.sealed, 'base64');
  if (nonce.length !== NONCE_BYTES || sealed.length !== DATA_KEY_BYTES + TAG_BYTES) return null;

  const key = await derive(secret, Buffer.from(copy.salt, 'base64'));
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(boundTo(version));
  decipher.setAuthTag(sealed.subarray(DATA_KEY_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, DATA_KEY_BYTES)), decipher.final()]);
  } catch {
    return null;
  }
}

function derive(secret: string, salt: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, CIPHER_KEY_BYTES, SCRYPT, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

function boundTo(version: number): Buffer {
  return Buffer.from(`outcrop data key ${version}`);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
