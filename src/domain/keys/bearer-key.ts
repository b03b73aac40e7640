import { crc32 } from 'node:zlib';
import { BASE62, randomText, type RandomBytes } from './random-text.ts';

/** As LiteLLM's keys begin, so that its users keep theirs. */
export const BEARER_PREFIX = 'sk-';

/** 62³² possibilities: 190 bits. */
const RANDOM_LENGTH = 32;
/** 62⁶ is more than 2³², so a CRC-32 fits. */
const CHECKSUM_LENGTH = 6;

const OWN_LENGTH_MIN = 16;
const OWN_LENGTH_MAX = 256;

const ISSUED_FORM = /^sk-[0-9A-Za-z]{38}$/;
const OWN_FORM = /^sk-[!-~]+$/;

/** A new bearer key: `sk-`, 32 random characters and a checksum by which a typing error is seen without a look-up. */
export function newBearerKey(random: RandomBytes): string {
  const body = BEARER_PREFIX + randomText(random, BASE62, RANDOM_LENGTH);
  return body + checksumOf(body);
}

/**
 * Whether a text can be a key of this gateway at all, so that nothing else is ever looked up. What has the form of an
 * issued key needs its checksum; a value that somebody chose has none.
 */
export function isBearerKey(text: string): boolean {
  return ISSUED_FORM.test(text) ? hasItsChecksum(text) : isOwnForm(text);
}

/** What is wrong with a value somebody chose for a key, as a sentence for them, or null. It never repeats the value. */
export function ownKeyFault(value: string): string | null {
  if (!value.startsWith(BEARER_PREFIX)) return `A key of your own must begin with "${BEARER_PREFIX}".`;
  if (value.length < OWN_LENGTH_MIN || value.length > OWN_LENGTH_MAX) {
    return `A key of your own must have ${OWN_LENGTH_MIN} to ${OWN_LENGTH_MAX} characters.`;
  }
  if (!OWN_FORM.test(value)) return 'A key of your own must be of visible ASCII characters, without spaces.';
  // Stored, it could never be found: everywhere else this form means a mistyped key.
  if (ISSUED_FORM.test(value) && !hasItsChecksum(value)) {
    return 'This value has the form of a key made by Outcrop, but not its checksum: it may be mistyped.';
  }
  return null;
}

/** How a key is shown once it has been handed out: `sk-...` and its last four characters. */
export function shownName(key: string): string {
  return `${BEARER_PREFIX}...${key.slice(-4)}`;
}

function isOwnForm(text: string): boolean {
  return text.length >= OWN_LENGTH_MIN && text.length <= OWN_LENGTH_MAX && OWN_FORM.test(text);
}

function hasItsChecksum(key: string): boolean {
  return checksumOf(key.slice(0, -CHECKSUM_LENGTH)) === key.slice(-CHECKSUM_LENGTH);
}

/** CRC-32 in base 62, the highest digit first. */
function checksumOf(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let place = 0; place < CHECKSUM_LENGTH; place += 1) {
    digits = BASE62.charAt(rest % BASE62.length) + digits;
    rest = Math.floor(rest / BASE62.length);
  }
  return digits;
}
