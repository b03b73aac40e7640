import { createHmac, hash } from 'node:crypto';
import type { RequestParts, SignedHeader } from './canonical-request.ts';
import { canonicalRequest } from './canonical-request.ts';
import { createSigningKeys } from './signing-key.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** Neither part may contain a slash; both come from a table, never from a request. */
export interface SigningScope {
  readonly region: string;
  readonly service: string;
}

/** `headers` holds all that is to be signed, host included, without the headers that signing itself adds. */
export interface RequestToSign extends RequestParts {
  readonly timeMs: number;
}

/** Values of the headers that carry the signature. `x-amz-security-token` is the credentials' session token, if they have one. */
export interface RequestSignature {
  readonly authorization: string;
  readonly amzDate: string;
}

export type Sign = (request: RequestToSign, credentials: AwsCredentials, scope: SigningScope) => RequestSignature;

/**
 * A signer for AWS Signature Version 4 (header form) with its own cache of signing keys.
 *
 * It signs `x-amz-date` and, with temporary credentials, `x-amz-security-token` beside the given headers: the caller
 * has to send both. Header values are digested as UTF-8, so what is not ASCII must have been refused before.
 */
export function createSigner(): Sign {
  const signingKeys = createSigningKeys();
  return (request, credentials, scope) => {
    const amzDate = amzDateOf(request.timeMs);
    const date = amzDate.slice(0, 8);
    const scopeText = `${date}/${scope.region}/${scope.service}/aws4_request`;
    const canonical = canonicalRequest({ ...request, headers: withSigningHeaders(request, amzDate, credentials) });
    const stringToSign = `AWS4-HMAC-SHA256\n${amzDate}\n${scopeText}\n${hash('sha256', canonical.text)}`;
    const key = signingKeys({ date, ...scope, secretAccessKey: credentials.secretAccessKey });
    const signature = createHmac('sha256', key).update(stringToSign).digest('hex');
    return {
      authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scopeText}, SignedHeaders=${canonical.signedHeaders}, Signature=${signature}`,
      amzDate,
    };
  };
}

function withSigningHeaders(
  request: RequestToSign,
  amzDate: string,
  { sessionToken }: AwsCredentials,
): readonly SignedHeader[] {
  const headers: SignedHeader[] = [...request.headers, ['x-amz-date', amzDate]];
  if (sessionToken !== undefined) headers.push(['x-amz-security-token', sessionToken]);
  return headers;
}

/** ISO 8601 basic format in seconds: 20261101T093000Z. */
function amzDateOf(timeMs: number): string {
  const iso = new Date(timeMs).toISOString();
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
}
