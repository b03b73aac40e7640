import { timingSafeEqual } from 'node:crypto';

/** Compares keys with the master key so that time says nothing about it, not even its length. */
export interface MasterKey {
  matches(key: string): boolean;
}

/** Longer than any key somebody would choose. */
const KEY_LENGTH_MAX = 256;
const BYTES_PER_CHARACTER_MAX = 3;

/** @throws RangeError for a master key of more than 256 characters */
export function createMasterKey(masterKey: string): MasterKey {
  if (masterKey.length > KEY_LENGTH_MAX) throw new RangeError(`A master key has at most ${KEY_LENGTH_MAX} characters.`);
  // Filled up with zeros, which no header value can hold, all keys have one length. A digest would do the same for more.
  const expected = Buffer.alloc(KEY_LENGTH_MAX * BYTES_PER_CHARACTER_MAX);
  const presented = Buffer.alloc(expected.length);
  expected.write(masterKey);
  return {
    matches: (key) => {
      if (key.length > KEY_LENGTH_MAX) return false;
      const keyBytes = presented.write(key);
      const matches = timingSafeEqual(presented, expected);
      presented.fill(0, 0, keyBytes);
      return matches;
    },
  };
}
