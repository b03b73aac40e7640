import { hash } from 'node:crypto';
import { createSigner } from '../src/domain/aws/sigv4/sign.ts';
import { encodeRequest, requestPath, type CredentialHeaders, type RequestTo } from './conversation.ts';
import type { Callers } from './jobs.ts';

const SIGNED_FOR = { region: 'us-east-1', service: 'bedrock' };

/**
 * One request for each caller, ready for the socket. Those who sign do so now: gateways take a signature for five minutes.
 */
export function encodeForEach(callers: Callers, request: Omit<RequestTo, 'credential'>): Buffer[] {
  if (callers.kind === 'bearer') {
    return callers.keys.map((key) => encodeRequest({ ...request, credential: bearerHeaders(key) }));
  }
  const sign = signerOf(request);
  return callers.pairs.map((pair) => encodeRequest({ ...request, credential: sign(pair) }));
}

/** Callers that show a key. */
export function bearers(keys: readonly string[]): Callers {
  return { kind: 'bearer', keys: [...keys] };
}

/** Callers that sign. */
export function pairs(of: readonly Pair[]): Callers {
  return { kind: 'signed', pairs: of.map(({ accessKeyId, secretAccessKey }) => ({ accessKeyId, secretAccessKey })) };
}

/** How a key is shown. */
export function bearerHeaders(key: string): CredentialHeaders {
  return [['authorization', `Bearer ${key}`]];
}

type Pair = Extract<Callers, { kind: 'signed' }>['pairs'][number];

export function callerCount(callers: Callers): number {
  return callers.kind === 'bearer' ? callers.keys.length : callers.pairs.length;
}

/** Signs all that decides about the request, and sends the digest of the body, as the AWS SDK for JavaScript does. */
function signerOf({ port, mount, operation, body }: Omit<RequestTo, 'credential'>): (pair: Pair) => CredentialHeaders {
  const sign = createSigner();
  const payloadSha256Hex = hash('sha256', body);
  const toSign = {
    method: 'POST',
    path: requestPath(mount, operation),
    query: '',
    headers: [
      ['host', `127.0.0.1:${port}`],
      ['content-type', 'application/json'],
      ['accept', 'application/json'],
      ['x-amz-content-sha256', payloadSha256Hex],
    ] as const,
    payloadSha256Hex,
    timeMs: Date.now(),
  };
  return (pair) => {
    const { authorization, amzDate } = sign(toSign, pair, SIGNED_FOR);
    return [
      ['x-amz-date', amzDate],
      ['x-amz-content-sha256', payloadSha256Hex],
      ['authorization', authorization],
    ];
  };
}
