import { isRegion } from '../domain/aws/partitions.ts';
import type { Sigv4Authorization } from '../domain/aws/sigv4/authorization-header.ts';
import { INVALID_SIGNATURES } from '../domain/aws/sigv4/verify.ts';
import type { Caller } from '../domain/caller.ts';
import type { Claim } from '../domain/credential-carriers.ts';
import { Refusal } from '../domain/errors.ts';
import type { HeaderList } from '../domain/headers.ts';
import { isLocalHost } from '../domain/local-host.ts';
import type { RequestTarget } from '../domain/request-target.ts';
import type { Exchange, KeyHolder } from '../ports.ts';
import type { Call } from './call.ts';
import type { Proxy } from './proxy.ts';
import type { Body } from './read-body.ts';
import { whenKnown } from './when-known.ts';

/**
 * A caller as far as the head tells. Who signed has to hold the secret too, which only the whole request shows; what a
 * request may do is asked after `verifyClaim` alone.
 */
export interface IdentifiedCaller {
  readonly caller: Caller;
  readonly signed: { readonly authorization: Sigv4Authorization; readonly secretAccessKey: string } | null;
}

type FoundCaller = IdentifiedCaller | null;

const ANONYMOUS: IdentifiedCaller = { caller: { kind: 'anonymous' }, signed: null };
const MASTER: IdentifiedCaller = { caller: { kind: 'master' }, signed: null };

const NO_KEY =
  'No API key in the request: send it as "Authorization: Bearer <key>" or in the x-litellm-api-key header.';
const BAD_KEY = 'The API key in the request is not valid here.';
const BAD_ACCESS_KEY =
  'The AWS access key id of this request is not known here: use the pair of a virtual key, or send the API key as ' +
  '"Authorization: Bearer <key>", in the x-litellm-api-key header, or as the access key id itself.';
const TOO_MANY =
  'Too many requests with wrong credentials have come from this address. Correct the credential; a right one is let in at once.';
const EXPIRED_KEY = 'The API key in the request has expired: ask for a new one.';

/**
 * First pass: who claims to call, by the headers alone. The call notes who it is as soon as that is proven, which a bearer
 * key is by itself, also one that is no longer let in.
 * @returns a promise only while memory does not know the holder
 * @throws Refusal unauthenticated, unknownAccessKey, tooManyFailedLogins, expiredKey, or accessDenied to what a web page
 *   may have sent.
 */
export function identifyCaller(
  claim: Claim,
  exchange: Exchange,
  call: Call,
  proxy: Proxy,
): IdentifiedCaller | Promise<IdentifiedCaller> {
  if (proxy.masterKey === null) {
    refuseWebPages(exchange.headers, proxy.options.allowedHosts);
    call.caller = ANONYMOUS.caller;
    return ANONYMOUS;
  }
  switch (claim.kind) {
    case 'none':
      throw new Refusal('unauthenticated', NO_KEY);
    case 'unreadable':
      throw failedLogin('unauthenticated', BAD_KEY, exchange, proxy);
    case 'bearer':
      return whenKnown(holderOfBearerKey(claim.key, call, proxy), (found) => {
        if (found === null) throw failedLoginOf(call, 'unauthenticated', BAD_KEY, exchange, proxy);
        return found;
      });
    case 'signed':
      return whenKnown(signer(claim.authorization, call, proxy), (found) => {
        if (found === null) throw failedLoginOf(call, 'unknownAccessKey', BAD_ACCESS_KEY, exchange, proxy);
        return found;
      });
  }
}

function holderOfBearerKey(key: string, call: Call, proxy: Proxy): FoundCaller | Promise<FoundCaller> {
  if (proxy.masterKey?.matches(key) === true) {
    call.caller = MASTER.caller;
    return MASTER;
  }
  return whenKnown(proxy.keyHolders?.byBearerKey(key), (holder) => {
    // The client is not told, but whose calls these are is known.
    call.caller = holder?.caller ?? null;
    if (!isInUse(holder, proxy)) return null;
    // Whoever has the key holds it, so that it has expired is no secret to them.
    if (isExpired(holder.caller, proxy)) throw new Refusal('expiredKey', EXPIRED_KEY);
    return { caller: holder.caller, signed: null };
  });
}

function signer(authorization: Sigv4Authorization, call: Call, proxy: Proxy): FoundCaller | Promise<FoundCaller> {
  const { accessKeyId } = authorization;
  return whenKnown(proxy.keyHolders?.byAccessKeyId(accessKeyId), (holder) => {
    // Clients that can only sign carry the bearer key where an access key id belongs; their signature means nothing.
    if (!isInUse(holder, proxy)) return holderOfBearerKey(accessKeyId.replace(/^bearer +/i, ''), call, proxy);
    if (holder.secretAccessKey === null) return null;
    return { caller: holder.caller, signed: { authorization, secretAccessKey: holder.secretAccessKey } };
  });
}

/** Blocked keys and ended ones are answered like unknown ones: nothing about keys can be learned by trying. */
function isInUse(holder: KeyHolder | null | undefined, proxy: Proxy): holder is KeyHolder {
  if (holder === null || holder === undefined || holder.caller.blocked) return false;
  return holder.validUntilMs === null || proxy.clock.nowMs() < holder.validUntilMs;
}

function isExpired(caller: Caller, proxy: Proxy): boolean {
  return caller.kind === 'key' && caller.expiresMs !== null && proxy.clock.nowMs() >= caller.expiresMs;
}

/**
 * Second pass: whether what arrived is what was claimed. A signature has to fit the whole request, and a declared payload
 * hash has to be that of the body. Who signed is proven only now: an access key id is no secret, and nobody may leave
 * records under the key of another.
 * @throws Refusal badSignature, tooManyFailedLogins, expiredKey
 */
export function verifyClaim(
  { caller, signed }: IdentifiedCaller,
  exchange: Exchange,
  target: RequestTarget,
  body: Body,
  call: Call,
  proxy: Proxy,
): void {
  const { headers } = exchange;
  if (signed === null) {
    verifyPayloadHash(headers, body);
    return;
  }
  const host = headers.get('host') ?? '';
  const verdict = proxy.verify(
    {
      authorization: signed.authorization,
      method: exchange.method,
      places: [
        { host, path: target.path },
        ...proxy.options.publicPlaces.map((place) => ({ host: place.host, path: place.prefix + target.path })),
      ],
      query: target.query,
      headers,
      bodySha256Hex: body.sha256Hex,
      nowMs: proxy.clock.nowMs(),
    },
    signed.secretAccessKey,
  );
  if (verdict.kind === 'invalid') {
    throw failedLogin('badSignature', INVALID_SIGNATURES[verdict.reason], exchange, proxy);
  }
  call.caller = caller;
  if (isExpired(caller, proxy)) throw new Refusal('expiredKey', EXPIRED_KEY);
}

/** The region a caller works in when its request names none: that of its verified signature, else that of its key. */
export function ownRegion({ caller, signed }: IdentifiedCaller): string | null {
  if (signed !== null && isRegion(signed.authorization.region)) return signed.authorization.region;
  return caller.kind === 'key' ? caller.defaultRegion : null;
}

function verifyPayloadHash(headers: HeaderList, body: Body): void {
  const declared = headers.get('x-amz-content-sha256');
  if (declared === undefined || !/^[0-9a-f]{64}$/i.test(declared)) return;
  if (declared.toLowerCase() !== body.sha256Hex) {
    throw new Refusal('badSignature', INVALID_SIGNATURES['payload-changed']);
  }
}

/** The same for a key that is known and not let in: beyond the bound its tries leave no record either. */
function failedLoginOf(call: Call, ...wrong: Parameters<typeof failedLogin>): Refusal {
  const refusal = failedLogin(...wrong);
  if (refusal.kind === 'tooManyFailedLogins') call.caller = null;
  return refusal;
}

/** How a wrong credential is answered. Whether there were too many depends on the address alone, so it tells nothing of keys. */
function failedLogin(
  kind: 'unauthenticated' | 'unknownAccessKey' | 'badSignature',
  message: string,
  exchange: Exchange,
  proxy: Proxy,
): Refusal {
  const tooMany = proxy.tooManyFailedLogins(proxy.clientAddress(exchange));
  return tooMany ? new Refusal('tooManyFailedLogins', TOO_MANY) : new Refusal(kind, message);
}

/**
 * A gateway without a key is for programs on this machine. A web page in somebody's browser could reach it too, by DNS
 * rebinding (then the Host is a name) or by a simple cross-site POST (then the browser says so).
 */
function refuseWebPages(headers: HeaderList, allowedHosts: readonly string[]): void {
  const host = headers.get('host') ?? '';
  if (!isLocalHost(host) && !allowedHosts.includes(hostName(host))) {
    throw new Refusal(
      'accessDenied',
      'Without a key only requests to localhost are taken. Set a master key, or name this host in OUTCROP_ALLOWED_HOSTS.',
    );
  }
  const site = headers.get('sec-fetch-site');
  const crossSite = site !== undefined && site !== 'none' && site !== 'same-origin';
  if (headers.get('origin') !== undefined || crossSite) {
    throw new Refusal('accessDenied', 'Requests from web pages need a key: set a master key on the gateway.');
  }
}

function hostName(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase();
}
