import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Compares keys with the master key so that time says nothing about it, not even its length. */
export interface MasterKey {
  matches(key: string): boolean;
}

export function createMasterKey(masterKey: string): MasterKey {
  const salt = randomBytes(32).toString('hex');
  // One call: an HMAC object for every request costs three times as much, and a secret salt in front serves as well here.
  const digest = (text: string): Buffer => hash('sha256', salt + text, 'buffer');
  const expected = digest(masterKey);
  return { matches: (key) => timingSafeEqual(digest(key), expected) };
}
