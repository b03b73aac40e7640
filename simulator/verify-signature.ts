import { createHash, createHmac } from 'node:crypto';
import type { ArrivedRequest } from './arrived-request.ts';
import { header, headerValues } from './arrived-request.ts';
import { BedrockError } from './bedrock-error.ts';

/**
 * Recomputes AWS Signature Version 4 over what arrived, and is strict where AWS is.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SignatureRules {
  readonly credentials: Credentials;
  readonly regions: readonly string[];
  readonly signingName: string;
  /** Keys accepted as `Authorization: Bearer`; empty where the service takes none. */
  readonly bearerTokens: readonly string[];
  readonly nowMs: number;
}

/** How a caller proved itself. */
type Signer =
  { readonly scheme: 'bearer' } | { readonly scheme: 'sigv4'; readonly accessKeyId: string; readonly scope: string };

interface Claim {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const SKEW_MS_MAX = 5 * 60_000;

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/, ]+)\/(\d{8})\/([^/, ]+)\/([^/, ]+)\/aws4_request, ?SignedHeaders=([a-z0-9;_-]+), ?Signature=([0-9a-f]{64})$/;

/**
 * Says who signed the request. Throws 403: `MissingAuthenticationTokenException` without credentials,
 * `UnrecognizedClientException` for ones it does not know, `InvalidSignatureException` (with the canonical request in
 * the message) for a signature over something else than what arrived.
 */
export function verifySignature(request: ArrivedRequest, rules: SignatureRules): Signer {
  const [authorization, ...more] = headerValues(request, 'authorization');
  if (authorization === undefined) throw refused('MissingAuthenticationTokenException', 'Missing Authentication Token');
  if (more.length > 0) throw refused('IncompleteSignatureException', 'Authorization was sent more than once.');
  if (authorization.startsWith('Bearer ')) return verifyBearer(authorization.slice('Bearer '.length), rules);

  const claim = parseClaim(authorization);
  verifyScope(request, claim, rules);
  verifySessionToken(request, rules.credentials);
  verifyCoverage(request, claim);
  verifyPayloadHash(request);
  verifyHmac(request, claim, rules.credentials);
  return {
    scheme: 'sigv4',
    accessKeyId: claim.accessKeyId,
    scope: scopeOf(claim),
  };
}

function verifyBearer(token: string, rules: SignatureRules): Signer {
  if (rules.bearerTokens.includes(token)) return { scheme: 'bearer' };
  throw refused('UnrecognizedClientException', 'The security token included in the request is invalid.');
}

function parseClaim(authorization: string): Claim {
  const [, accessKeyId, date, region, service, signedHeaders, signature] = AUTHORIZATION.exec(authorization) ?? [];
  if (!accessKeyId || !date || !region || !service || !signedHeaders || !signature) {
    throw refused('IncompleteSignatureException', 'The Authorization header is not of the form AWS documents.');
  }
  return { accessKeyId, date, region, service, signedHeaders: signedHeaders.split(';'), signature };
}

function verifyScope(request: ArrivedRequest, claim: Claim, rules: SignatureRules): void {
  if (claim.accessKeyId !== rules.credentials.accessKeyId) {
    throw refused('UnrecognizedClientException', 'The security token included in the request is invalid.');
  }
  if (claim.service !== rules.signingName) {
    throw wrong(`Credential should be scoped to correct service: '${rules.signingName}'.`);
  }
  if (!rules.regions.includes(claim.region)) {
    throw wrong(`Credential should be scoped to a valid region, one of ${rules.regions.join(', ')}.`);
  }
  const signedAtMs = parseAmzDate(amzDate(request));
  if (signedAtMs === undefined) throw wrong('X-Amz-Date is missing or malformed.');
  if (!amzDate(request).startsWith(claim.date)) throw wrong('Date in Credential scope does not match X-Amz-Date.');
  if (Math.abs(rules.nowMs - signedAtMs) > SKEW_MS_MAX) {
    throw wrong(
      `Signature expired: ${amzDate(request)} is more than 5 minutes from ${new Date(rules.nowMs).toISOString()}.`,
    );
  }
}

function verifySessionToken(request: ArrivedRequest, credentials: Credentials): void {
  const tokens = headerValues(request, 'x-amz-security-token');
  const expected = credentials.sessionToken === undefined ? [] : [credentials.sessionToken];
  if (tokens.length === expected.length && tokens[0] === expected[0]) return;
  throw refused('UnrecognizedClientException', 'The session token does not belong to these credentials.');
}

/** What is not signed could be changed on the way: the host and every x-amz-* header that is there must be. */
function verifyCoverage(request: ArrivedRequest, claim: Claim): void {
  const present = request.rawHeaders.map(([name]) => name.toLowerCase());
  const required = ['host', ...present.filter((name) => name.startsWith('x-amz-'))];
  const unsigned = required.filter((name) => !claim.signedHeaders.includes(name));
  if (unsigned.length > 0) throw wrong(`Headers that must be signed are not: ${[...new Set(unsigned)].join(', ')}.`);
  const absent = claim.signedHeaders.filter((name) => !present.includes(name));
  if (absent.length > 0) throw wrong(`Signed headers that did not arrive: ${absent.join(', ')}.`);
  const sorted = claim.signedHeaders.toSorted();
  if (sorted.join() !== claim.signedHeaders.join()) throw wrong('SignedHeaders are not sorted.');
}

function verifyPayloadHash(request: ArrivedRequest): void {
  const claimed = header(request, 'x-amz-content-sha256');
  if (claimed === undefined || claimed === sha256(request.body)) return;
  throw wrong("The provided 'x-amz-content-sha256' header does not match what was computed.");
}

function verifyHmac(request: ArrivedRequest, claim: Claim, credentials: Credentials): void {
  const canonical = canonicalRequest(request, claim.signedHeaders);
  const stringToSign = ['AWS4-HMAC-SHA256', amzDate(request), scopeOf(claim), sha256(canonical)].join('\n');
  const parts = [claim.date, claim.region, claim.service, 'aws4_request', stringToSign];
  const expected = parts.reduce<Buffer>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    Buffer.from(`AWS4${credentials.secretAccessKey}`),
  );
  if (expected.toString('hex') === claim.signature) return;
  throw wrong(
    'The request signature we calculated does not match the signature you provided. ' +
      `The Canonical String for this request should have been\n'${canonical}'\n\n` +
      `The String-to-Sign should have been\n'${stringToSign}'`,
  );
}

/** The canonical request of the SigV4 specification, with the path encoded twice as every service but S3 does. */
function canonicalRequest(request: ArrivedRequest, signedHeaders: readonly string[]): string {
  return [
    request.method,
    request.rawPath.split('/').map(uriEncode).join('/'),
    canonicalQuery(request.rawQuery),
    ...signedHeaders.map((name) => `${name}:${headerValues(request, name).map(canonicalValue).join(',')}`),
    '',
    signedHeaders.join(';'),
    sha256(request.body),
  ].join('\n');
}

function canonicalQuery(rawQuery: string): string {
  if (rawQuery === '') return '';
  return rawQuery
    .split('&')
    .map((pair) => {
      const at = pair.indexOf('=');
      return at === -1 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
    })
    .map((pair) => pair.map((text) => uriEncode(decode(text))))
    .sort(([name = '', value = ''], [otherName = '', otherValue = '']) =>
      name === otherName ? compare(value, otherValue) : compare(name, otherName),
    )
    .map((pair) => pair.join('='))
    .join('&');
}

// Byte order, not the order of a locale. All texts compared are ASCII.
function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong('The query has a malformed escape.');
  }
}

/** RFC 3986: everything but unreserved characters is escaped, in upper case. */
function uriEncode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function canonicalValue(value: string): string {
  return value.trim().replaceAll(/\s+/g, ' ');
}

function amzDate(request: ArrivedRequest): string {
  return header(request, 'x-amz-date') ?? '';
}

function parseAmzDate(text: string): number | undefined {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  const atMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(atMs) ? undefined : atMs;
}

function scopeOf(claim: Claim): string {
  return `${claim.date}/${claim.region}/${claim.service}/aws4_request`;
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}

function refused(exception: string, message: string): BedrockError {
  return new BedrockError(403, exception, message);
}

function wrong(message: string): BedrockError {
  return refused('InvalidSignatureException', message);
}
