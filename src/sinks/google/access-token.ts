import { type KeyObject, sign } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../ports.ts';
import { DeliveryFault, isSuccess, retryAfterMs } from '../delivery-fault.ts';
import type { SinkHttp, SinkHttpRequest } from '../http.ts';
import { jsonOf } from '../json-of.ts';

/** A key of a service account, as Google gives it away in a file. */
export interface ServiceAccount {
  readonly clientEmail: string;
  readonly privateKeyId: string | null;
  readonly privateKey: KeyObject;
  /** Who gives a token for what the key has signed. */
  readonly tokenUri: URL;
}

export interface AccessTokenOptions {
  /** Null: the machine's own account is asked for at `metadataHost`. */
  readonly account: ServiceAccount | null;
  readonly metadataHost: string;
  readonly scope: string;
  readonly http: SinkHttp;
  readonly clock: Clock;
}

export interface AccessTokens {
  /** @throws DeliveryFault, always to be tried again: whatever is wrong with a key or a clock can be mended */
  get(signal: AbortSignal): Promise<string>;
  /** Forgets the one that there is: somebody did not want it. */
  forget(): void;
}

const ASSERTION_SECONDS = 3600;
/** A new one is asked for so long before the old one ends; the metadata server has one ready four minutes before. */
const AHEAD_MS = 225_000;

const answerShape = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

/**
 * Access tokens of Google, one for all who ask while it is good.
 * https://developers.google.com/identity/protocols/oauth2/service-account#httprest,
 * https://cloud.google.com/compute/docs/access/authenticate-workloads
 */
export function createAccessTokens({ account, metadataHost, scope, http, clock }: AccessTokenOptions): AccessTokens {
  let kept: Promise<string> | null = null;
  let untilMs = 0;
  const load = async (signal: AbortSignal): Promise<string> => {
    const askedMs = clock.nowMs();
    const request = account === null ? ofMachine(metadataHost) : ofAccount(account, scope, askedMs);
    const answer = await http.send({ ...request, hidesAnswer: true }, signal);
    if (!isSuccess(answer)) {
      const waitMs = retryAfterMs(answer.retryAfter, askedMs);
      throw new DeliveryFault('again', `it answered ${answer.status} when asked for a token`, waitMs);
    }
    const { data } = answerShape.safeParse(jsonOf(answer.text));
    if (data === undefined) throw new DeliveryFault('again', 'it answered without a token when asked for one');
    untilMs = askedMs + data.expires_in * 1000 - AHEAD_MS;
    return data.access_token;
  };
  return {
    get: (signal) => {
      if (kept !== null && clock.nowMs() < untilMs) return kept;
      untilMs = Infinity;
      const asked = load(signal).catch((error: unknown) => {
        if (kept === asked) kept = null;
        throw error;
      });
      return (kept = asked);
    },
    forget: () => void (kept = null),
  };
}

function ofMachine(host: string): SinkHttpRequest {
  return {
    method: 'GET',
    url: new URL(`http://${host}/computeMetadata/v1/instance/service-accounts/default/token`),
    headers: { 'metadata-flavor': 'Google' },
    body: '',
  };
}

/** RFC 7523, 2.1: who holds the key says so, signed, and gets a token for it. */
function ofAccount(account: ServiceAccount, scope: string, nowMs: number): SinkHttpRequest {
  const issuedSeconds = Math.floor(nowMs / 1000);
  const { clientEmail, privateKeyId, privateKey, tokenUri } = account;
  const header = { alg: 'RS256', typ: 'JWT', ...(privateKeyId === null ? {} : { kid: privateKeyId }) };
  const claims = {
    iss: clientEmail,
    scope,
    aud: tokenUri.href,
    iat: issuedSeconds,
    exp: issuedSeconds + ASSERTION_SECONDS,
  };
  const signed = `${base64url(header)}.${base64url(claims)}`;
  const assertion = `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
  return {
    method: 'POST',
    url: tokenUri,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }).toString(),
  };
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
