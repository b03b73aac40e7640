import { BASE62, randomText, type RandomBytes } from './random-text.ts';

const FORM = /^key_[0-9A-Za-z]{22}$/;

/** A new public id of a virtual key: `key_` and 22 random characters. It is no secret and says nothing about the key. */
export function newKeyId(random: RandomBytes): string {
  return `key_${randomText(random, BASE62, 22)}`;
}

/** Whether a text has the form of a key's public id. */
export function isKeyId(text: string): boolean {
  return FORM.test(text);
}
