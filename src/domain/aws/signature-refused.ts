import { rawHeader } from '../headers.ts';

const STATUS = 403;
const EXCEPTIONS = /^(?:InvalidSignatureException|SignatureDoesNotMatch)\b/;

/** What the client gets instead: the same exception, by its header, without the quotation. */
const BODY = Buffer.from(
  JSON.stringify({
    message:
      "AWS refused the signature made with the gateway's own credentials. Its message quotes what was signed, the session token with it, and is withheld.",
  }),
);

/**
 * What takes the place of an answer in which AWS quotes the canonical request that it would have signed: with temporary
 * credentials their session token is in it, and is nobody's business but the gateway's.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
 * @param headers alternating names and values, as they came. @returns null for any other answer
 */
export function insteadOfQuotedSignature(
  status: number,
  headers: readonly string[],
): { readonly headers: readonly string[]; readonly body: Buffer } | null {
  if (status !== STATUS || !EXCEPTIONS.test(rawHeader(headers, 'x-amzn-errortype') ?? '')) return null;
  const kept: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const [name = '', value = ''] = headers.slice(index, index + 2);
    if (name.toLowerCase() !== 'content-length') kept.push(name, value);
  }
  return { headers: [...kept, 'content-length', String(BODY.length)], body: BODY };
}
