import { randomText, type RandomBytes } from './random-text.ts';

/** AWS's own begin with AKIA or ASIA, so neither side can take one for the other's. */
export const ACCESS_KEY_ID_PREFIX = 'AKOC';

/** The alphabet of AWS's access key ids (base 32, RFC 4648). */
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const RANDOM_LENGTH = 16;

const FORM = /^AKOC[A-Z2-7]{16}$/;

/** A new virtual AWS access key id, as long as AWS's: 20 characters, 80 bits of them random. */
export function newAccessKeyId(random: RandomBytes): string {
  return ACCESS_KEY_ID_PREFIX + randomText(random, BASE32, RANDOM_LENGTH);
}

/** Whether a text has the form of a virtual access key id; nothing else is ever looked up. */
export function isAccessKeyId(text: string): boolean {
  return FORM.test(text);
}
