import { z } from 'zod';
import { PAYLOAD_FORMATS, type PayloadFormat } from '../domain/payloads/payload-format.ts';

/** A text that says something. */
export const text = z.string().trim().min(1);

const yesOrNo = z.union([z.boolean(), z.stringbool({ truthy: ['true', '1', 'yes'], falsy: ['false', '0', 'no'] })]);

/** As environment variables have it too. */
export const flag = (initial: boolean) => yesOrNo.default(initial);

/** A setting of LiteLLM's for what is never otherwise here. @param why it is not */
const alwaysTrue = (why: string) => yesOrNo.refine((given) => given, `can not be false: ${why}`).optional();

/** LiteLLM's switch for payloads without images and documents. */
export const stripBase64Files = alwaysTrue('images and documents are always replaced by their size and hash');

/** One for which it matters that nobody has said anything. */
export const flagIfGiven = yesOrNo.optional();

/** Who a request is for goes into a header; in an address it would end up in logs. */
export const httpUrl = text
  .refine(isHttpUrl, 'must be an http:// or https:// URL without user and fragment')
  .transform((given) => new URL(given));

export const payloadFormat = (initial: PayloadFormat) => z.enum(PAYLOAD_FORMATS).default(initial);

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

/** A map, or LiteLLM's text form of it: `Name=value,Other=value`. Names become lower case. */
export const headers = z.union([z.record(z.string(), z.string()), z.string()]).transform((given, context) => {
  const pairs = typeof given === 'string' ? given.split(',').map(nameAndValue) : Object.entries(given);
  const kept: Record<string, string> = {};
  for (const [name, value] of pairs) {
    if (name.trim() === '' && value === '') continue;
    if (!HEADER_NAME.test(name.trim()) || !HEADER_VALUE.test(value)) {
      context.addIssue('must be headers: Name=value, comma separated, or a map');
      return z.NEVER;
    }
    kept[name.trim().toLowerCase()] = value.trim();
  }
  return kept;
});

function nameAndValue(pair: string): [name: string, value: string] {
  const equals = pair.indexOf('=');
  return equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
}

function isHttpUrl(given: string): boolean {
  const url = URL.parse(given);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return false;
  return url.username === '' && url.password === '' && url.hash === '';
}
