import { z } from '@hono/zod-openapi';
import { nameText } from './inputs.ts';

const VALUES_MAX = 100;
/** As long as the ARN of a model may be. */
const VALUE_CHARS_MAX = 2048;
const PRINTABLE = /^[^\p{Cc}\p{Cs}]*$/u;

/** Texts separated by commas; `\,` is a comma, `\\` a backslash. The empty text is one empty value. */
export const textList = z
  .string()
  .regex(PRINTABLE, 'holds control characters')
  .transform((text, context): readonly string[] => {
    const found = splitList(text);
    if (found.length > VALUES_MAX) {
      context.addIssue({ code: 'custom', message: `has more than ${VALUES_MAX} values` });
    }
    if (found.some((value) => value.length > VALUE_CHARS_MAX)) {
      context.addIssue({ code: 'custom', message: `has a value of more than ${VALUE_CHARS_MAX} characters` });
    }
    return found;
  });

/** A name to look for. */
export const someName = nameText.min(1).optional();
export const someModel = z.string().min(1).max(VALUE_CHARS_MAX).regex(PRINTABLE, 'holds control characters').optional();

const wholeNumber = (most: number) => z.coerce.number().int().min(1).max(most);

export const usagePageShape = {
  page: wholeNumber(100_000).default(1),
  page_size: wholeNumber(1000).default(100),
} as const;

export function splitList(text: string): readonly string[] {
  const values = [''];
  for (const [part] of text.matchAll(/\\[\\,]|[^]/gu)) {
    if (part === ',') values.push('');
    else values[values.length - 1] += part.length === 2 && part.startsWith('\\') ? part.slice(1) : part;
  }
  return values;
}
