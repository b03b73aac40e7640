import { parseSigv4Authorization, type Sigv4Authorization } from './aws/sigv4/authorization-header.ts';
import { Refusal } from './errors.ts';
import type { HeaderList } from './headers.ts';

/** What a request says about who sends it, before any of it has been checked. */
export type Claim =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly key: string }
  | { readonly kind: 'signed'; readonly authorization: Sigv4Authorization }
  /** A credential is there, in a form that can't be one of ours. It is refused like an unknown key. */
  | { readonly kind: 'unreadable' };

/** Ranks 2 to 6, after the configured header and before SigV4. The highest that is present decides alone. */
export const KEY_CARRIERS = [
  'litellm_user_api_key',
  'x-litellm-api-key',
  'authorization',
  'api-key',
  'x-api-key',
] as const;

const BEARER = /^bearer +/i;
const SIGV4 = /^AWS4-/;

/**
 * Finds the credential of a request, in the order of rank that DESIGN gives. A wrong credential is never rescued by a
 * right one of lower rank, and a carrier that comes twice is refused: which of the two was meant can't be known.
 * @param customCarrier lower-case name of a header the operator chose, or null.
 */
export function readClaim(headers: HeaderList, customCarrier: string | null): Claim {
  if (customCarrier !== null) {
    const claim = keyClaim(headers, customCarrier);
    if (claim !== null) return claim;
  }
  for (const carrier of KEY_CARRIERS) {
    const claim = carrier === 'authorization' ? bearerClaim(headers) : keyClaim(headers, carrier);
    if (claim !== null) return claim;
  }
  return signedClaim(headers);
}

function keyClaim(headers: HeaderList, carrier: string): Claim | null {
  const value = single(headers, carrier);
  if (value === undefined) return null;
  return bearer(value.replace(BEARER, ''));
}

function bearerClaim(headers: HeaderList): Claim | null {
  const value = single(headers, 'authorization');
  if (value === undefined || SIGV4.test(value)) return null;
  if (!BEARER.test(value)) return { kind: 'unreadable' };
  return bearer(value.replace(BEARER, ''));
}

function signedClaim(headers: HeaderList): Claim {
  const value = single(headers, 'authorization');
  if (value === undefined) return { kind: 'none' };
  const authorization = parseSigv4Authorization(value);
  return authorization === null ? { kind: 'unreadable' } : { kind: 'signed', authorization };
}

function bearer(value: string): Claim {
  const key = value.trim();
  return key === '' ? { kind: 'unreadable' } : { kind: 'bearer', key };
}

function single(headers: HeaderList, name: string): string | undefined {
  const value = headers.get(name);
  if (value !== undefined && headers.count(name) > 1) {
    throw new Refusal('invalidRequest', `The header ${name} came more than once: send one credential in it.`);
  }
  return value;
}
