import { timingSafeEqual } from 'node:crypto';
import type { HeaderList } from '../../headers.ts';
import { amzDateMs } from './amz-date.ts';
import type { Sigv4Authorization } from './authorization-header.ts';
import { canonicalRequest, type SignedHeader } from './canonical-request.ts';
import { scopeText, signatureOf } from './signature.ts';
import { createSigningKeys } from './signing-key.ts';

/** All that a signature is judged by: what it claims and what arrived. */
export interface SignatureEvidence {
  readonly authorization: Sigv4Authorization;
  readonly method: string;
  /**
   * Where the client may have sent the request, the likeliest first: as it arrived, and under each public address if a
   * proxy in front may have changed host or path. Each one that does not fit costs a few microseconds.
   */
  readonly places: readonly SignedPlace[];
  /** Raw, without the question mark. */
  readonly query: string;
  readonly headers: HeaderList;
  /** Of the body that arrived, in lower case. */
  readonly bodySha256Hex: string;
  readonly nowMs: number;
}

/** An address as the client knows it. */
export interface SignedPlace {
  /** The value of the Host header or of `:authority`. */
  readonly host: string;
  /** Raw, runs of slashes collapsed. */
  readonly path: string;
}

export type SignatureVerdict =
  { readonly kind: 'valid' } | { readonly kind: 'invalid'; readonly reason: InvalidSignature };

/** Why a signature does not count, each with what to tell the client. */
export const INVALID_SIGNATURES = {
  service: 'The credential scope names a service that is not served here: sign for bedrock or bedrock-agentcore.',
  'date-missing': 'The request has no x-amz-date header.',
  'date-malformed': 'x-amz-date is not one time in the form YYYYMMDDTHHMMSSZ.',
  'date-not-of-scope': 'The date in the credential scope is not that of x-amz-date.',
  'date-skew': "x-amz-date is more than 5 minutes from the gateway's time: check the clock of the client.",
  'host-unsigned': 'The signature must cover the host.',
  'header-unsigned': 'The signature must cover every x-amz-* header of the request.',
  'header-absent': 'The signature covers a header that did not arrive.',
  'headers-unsorted': 'SignedHeaders must be sorted, each name once.',
  'session-token': 'x-amz-security-token is not one of this gateway: its credentials come without a session token.',
  'payload-unsigned': 'The signature must cover the body: UNSIGNED-PAYLOAD and STREAMING-* are not taken.',
  'payload-changed': 'x-amz-content-sha256 is not the hash of the body that arrived.',
  mismatch: 'The signature does not fit the request: check the secret access key, and what may change it on the way.',
} as const satisfies Record<string, string>;

export type InvalidSignature = keyof typeof INVALID_SIGNATURES;

export type Verify = (evidence: SignatureEvidence, secretAccessKey: string) => SignatureVerdict;

/** As AWS allows. */
const SKEW_MS_MAX = 5 * 60_000;

/**
 * A verifier of AWS Signature Version 4 (header form) with its own cache of signing keys. It is stricter than AWS's
 * documentation where real signers are: all `x-amz-*` headers, the time and the body are covered, or it does not count.
 * How long it takes says nothing about the secret or the right signature.
 *
 * A request that is repeated within the five minutes is valid again: equal requests of one second have equal signatures.
 * @param services the signing names that may stand in a scope.
 * @param signingKeysMax enough for every virtual access key in use on a day times the regions and services it signs for.
 */
export function createVerifier(services: ReadonlySet<string>, signingKeysMax = 20_000): Verify {
  const signingKeys = createSigningKeys(signingKeysMax);
  return (evidence, secretAccessKey) => {
    const { authorization, headers } = evidence;
    const fault = services.has(authorization.service)
      ? (dateFault(evidence) ?? coverageFault(evidence) ?? amzHeaderFault(evidence))
      : 'service';
    if (fault !== null) return { kind: 'invalid', reason: fault };

    const { date, region, service } = authorization;
    const key = signingKeys({ date, region, service, secretAccessKey });
    const amzDate = headers.get('x-amz-date') ?? '';
    const scope = scopeText(authorization);
    const claimed = Buffer.from(authorization.signature);
    const fits = evidence.places.some((place) => {
      const canonical = canonicalRequest({
        method: evidence.method,
        path: place.path,
        query: evidence.query,
        headers: signedHeaders(evidence, place),
        payloadSha256Hex: evidence.bodySha256Hex,
      });
      const expected = Buffer.from(signatureOf(key, amzDate, scope, canonical.text));
      return expected.length === claimed.length && timingSafeEqual(expected, claimed);
    });
    return fits ? VALID : { kind: 'invalid', reason: 'mismatch' };
  };
}

const VALID: SignatureVerdict = { kind: 'valid' };

function dateFault({ authorization, headers, nowMs }: SignatureEvidence): InvalidSignature | null {
  const amzDate = headers.get('x-amz-date');
  if (amzDate === undefined) return 'date-missing';
  const signedAtMs = headers.count('x-amz-date') === 1 ? amzDateMs(amzDate) : null;
  if (signedAtMs === null) return 'date-malformed';
  if (!amzDate.startsWith(authorization.date)) return 'date-not-of-scope';
  return Math.abs(nowMs - signedAtMs) > SKEW_MS_MAX ? 'date-skew' : null;
}

function coverageFault({ authorization, headers }: SignatureEvidence): InvalidSignature | null {
  let hostIsSigned = false;
  let previous = '';
  for (const name of authorization.signedHeaders) {
    if (name <= previous) return 'headers-unsorted';
    previous = name;
    if (isHost(name)) hostIsSigned = true;
    else if (!headers.names.includes(name)) return 'header-absent';
  }
  return hostIsSigned ? null : 'host-unsigned';
}

/** These headers carry what a signature is about, so an unsigned one could have been put in on the way. */
function amzHeaderFault({ authorization, headers, bodySha256Hex }: SignatureEvidence): InvalidSignature | null {
  for (const [index, name] of headers.names.entries()) {
    if (!name.startsWith('x-amz-')) continue;
    if (name === 'x-amz-security-token') return 'session-token';
    if (!authorization.signedHeaders.includes(name)) return 'header-unsigned';
    if (name === 'x-amz-content-sha256' && headers.values[index] !== bodySha256Hex) {
      return /^(?:UNSIGNED|STREAMING)-/.test(headers.values[index] ?? '') ? 'payload-unsigned' : 'payload-changed';
    }
  }
  return null;
}

/** HTTP/2 has no Host of its own: the AWS SDK for JavaScript signs `:authority` in its place. */
function isHost(name: string): boolean {
  return name === 'host' || name === ':authority';
}

/** In the order of their names; a header that came several times stands there as often, which becomes one line. */
function signedHeaders({ authorization, headers }: SignatureEvidence, place: SignedPlace): SignedHeader[] {
  const signed: SignedHeader[] = [];
  for (const name of authorization.signedHeaders) {
    if (isHost(name)) {
      signed.push([name, place.host]);
      continue;
    }
    for (let index = headers.names.indexOf(name); index !== -1; index = headers.names.indexOf(name, index + 1)) {
      signed.push([name, headers.values[index] ?? '']);
    }
  }
  return signed;
}
