import { hash } from 'node:crypto';
import type { HmacKey } from './hmac-key.ts';

/** What a signature is for, beside the request itself. */
export interface CredentialScope {
  /** YYYYMMDD. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

/** The scope as it stands behind the access key id, and in what is signed. */
export function scopeText({ date, region, service }: CredentialScope): string {
  return `${date}/${region}/${service}/aws4_request`;
}

/**
 * Steps 2 and 4 of "Create a signed AWS API request" (IAM User Guide).
 * @returns 64 lower-case hex digits.
 */
export function signatureOf(signingKey: HmacKey, amzDate: string, scope: string, canonicalRequest: string): string {
  const stringToSign = `AWS4-HMAC-SHA256\n${amzDate}\n${scope}\n${hash('sha256', canonicalRequest)}`;
  return signingKey.hexOf(stringToSign);
}
