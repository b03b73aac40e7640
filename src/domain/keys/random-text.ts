/** Randomness as an input: as many unpredictable bytes as asked for. */
export type RandomBytes = (byteCount: number) => Uint8Array;

export const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/**
 * Text of characters that are all equally likely: a byte that would favour the alphabet's first characters is drawn again.
 * @param alphabet 2 to 256 characters.
 */
export function randomText(random: RandomBytes, alphabet: string, length: number): string {
  const fairBelow = 256 - (256 % alphabet.length);
  let text = '';
  while (text.length < length) {
    for (const byte of random(length - text.length)) {
      if (byte < fairBelow) text += alphabet.charAt(byte % alphabet.length);
    }
  }
  return text;
}
