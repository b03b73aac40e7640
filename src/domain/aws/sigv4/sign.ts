import { createAmzDates } from './amz-date.ts';
import type { RequestParts, SignedHeader } from './canonical-request.ts';
import { canonicalRequest } from './canonical-request.ts';
import { scopeText, signatureOf } from './signature.ts';
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
  const amzDateOf = createAmzDates();
  return (request, credentials, scope) => {
    const amzDate = amzDateOf(request.timeMs);
    const keyScope = { date: amzDate.slice(0, 8), region: scope.region, service: scope.service };
    const scopeOfKey = scopeText(keyScope);
    const canonical = canonicalRequest({ ...request, headers: withSigningHeaders(request, amzDate, credentials) });
    const key = signingKeys({ ...keyScope, secretAccessKey: credentials.secretAccessKey });
    const signature = signatureOf(key, amzDate, scopeOfKey, canonical.text);
    return {
      authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scopeOfKey}, SignedHeaders=${canonical.signedHeaders}, Signature=${signature}`,
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
