import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Compares keys with the master key so that time says nothing about it, not even its length. */
export interface MasterKey {
  matches(key: string): boolean;
}

export function createMasterKey(masterKey: string): MasterKey {
  const salt = randomBytes(32);
  const digest = (text: string): Buffer => createHmac('sha256', salt).update(text).digest();
  const expected = digest(masterKey);
  return { matches: (key) => timingSafeEqual(digest(key), expected) };
}
