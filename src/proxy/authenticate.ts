import type { Caller } from '../domain/caller.ts';
import type { Claim } from '../domain/credential-carriers.ts';
import { Refusal } from '../domain/errors.ts';
import type { HeaderList } from '../domain/headers.ts';
import { isLocalHost } from '../domain/local-host.ts';
import type { Body } from './read-body.ts';
import type { Proxy } from './proxy.ts';

const ANONYMOUS: Caller = { kind: 'anonymous' };
const MASTER: Caller = { kind: 'master' };

const NO_KEY =
  'No API key in the request: send it as "Authorization: Bearer <key>" or in the x-litellm-api-key header.';
const BAD_KEY = 'The API key in the request is not valid here.';
const BAD_ACCESS_KEY =
  'The AWS access key id of this request is not known here: send the API key as "Authorization: Bearer <key>", ' +
  'in the x-litellm-api-key header, or as the access key id itself.';

/**
 * First pass: who claims to call, by the headers alone.
 * @throws Refusal unauthenticated, unknownAccessKey, or accessDenied to what a web page may have sent.
 */
export function identifyCaller(claim: Claim, headers: HeaderList, proxy: Proxy): Caller {
  if (proxy.masterKey === null) {
    refuseWebPages(headers, proxy.options.allowedHosts);
    return ANONYMOUS;
  }
  switch (claim.kind) {
    case 'none':
      throw new Refusal('unauthenticated', NO_KEY);
    case 'unreadable':
      throw new Refusal('unauthenticated', BAD_KEY);
    case 'bearer':
      if (proxy.masterKey.matches(claim.key)) return MASTER;
      throw new Refusal('unauthenticated', BAD_KEY);
    case 'signed':
      // Clients that can only sign carry the key where an access key id belongs.
      if (proxy.masterKey.matches(claim.authorization.accessKeyId.replace(/^bearer +/i, ''))) return MASTER;
      throw new Refusal('unknownAccessKey', BAD_ACCESS_KEY);
  }
}

/**
 * Second pass: whether what arrived is what was claimed. A declared payload hash has to be that of the body; signatures
 * made with virtual AWS credentials will be verified here.
 * @throws Refusal badSignature
 */
export function verifyClaim(headers: HeaderList, body: Body): void {
  const declared = headers.get('x-amz-content-sha256');
  if (declared === undefined || !/^[0-9a-f]{64}$/i.test(declared)) return;
  if (declared.toLowerCase() !== body.sha256Hex) {
    throw new Refusal('badSignature', 'x-amz-content-sha256 is not the hash of the body that arrived.');
  }
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
