import assert from 'node:assert/strict';
import { SIMULATOR_CREDENTIALS, type SimulatorRequest } from '../../../simulator/index.ts';
import type { WireRequest } from './wire-recorder.ts';

/** What has to stand in a request at Bedrock, written down here independently of the gateway's own lists. */

/** In every header that must not travel. */
export const CANARY = 'leak-canary';

/** What clients, SDKs and proxies send beside the request itself. None of it may reach AWS. */
export const LEAKS: Readonly<Record<string, string>> = {
  authorization: `Bearer ${CANARY}`,
  'x-litellm-api-key': CANARY,
  'api-key': CANARY,
  'x-api-key': CANARY,
  'x-amz-security-token': CANARY,
  'x-amz-date': CANARY,
  'x-amz-user-agent': CANARY,
  'amz-sdk-invocation-id': CANARY,
  'amz-sdk-request': CANARY,
  cookie: `session=${CANARY}`,
  'accept-encoding': `gzip, ${CANARY}`,
  'proxy-authorization': CANARY,
  'x-forwarded-for': CANARY,
  'x-stainless-lang': CANARY,
  'x-litellm-tags': CANARY,
  'x-amz-meta-anything': CANARY,
};

/** Headers that go with any request, modelled or not, so that tracing and betas need no release of the gateway. */
const TRAVELLERS = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'vendor=value',
  baggage: 'key=value',
  accept: 'application/json',
  'anthropic-beta': 'newer-than-this-gateway',
  'mcp-protocol-version': '2025-06-18',
  'x-amzn-bedrock-newer': 'than this gateway',
};

/** The headers of a request and those of the above that it does not have yet. */
export function withTravellers(headers: WireRequest['headers']): WireRequest['headers'] {
  const present = new Set(headers.map(([name]) => name));
  return [...headers, ...Object.entries(TRAVELLERS).filter(([name]) => !present.has(name))];
}

const TRAVELS = new Set(['accept', 'baggage', 'content-type', 'traceparent', 'tracestate', 'user-agent']);
const TRAVELS_BY_PREFIX = ['anthropic-', 'mcp-', 'x-amzn-bedrock-'];
/** The gateway's own: its signature, its connection to Bedrock, and what it wants of the answer. */
const ADDED = ['accept-encoding', 'authorization', 'host', 'x-amz-date', 'x-outcrop-loop'];

export interface Expected {
  /** The request as the SDK sends it to Bedrock itself. */
  readonly wire: WireRequest;
  /** Modelled input headers of the operation, in lower case. */
  readonly inputHeaders: readonly string[];
  readonly region: string;
  readonly signingName: string;
}

/** @param sameUserAgent the SDK notes in its user agent how it signs, so two of its requests may differ there. */
export function assertForwarded(
  arrived: SimulatorRequest,
  { wire, inputHeaders, region, signingName }: Expected,
  { sameUserAgent }: { readonly sameUserAgent: boolean },
): void {
  assert.equal(arrived.method, wire.method);
  assert.equal(arrived.target, wire.target);
  assert.deepEqual(arrived.body, wire.body);

  assert.equal(arrived.signature, 'valid');
  assert.equal(arrived.accessKeyId, SIMULATOR_CREDENTIALS.accessKeyId);
  assert.deepEqual(arrived.scope?.split('/').slice(1), [region, signingName, 'aws4_request']);

  const travelling = wire.headers.filter(([name]) => travels(name, inputHeaders));
  const arrivedHeaders = arrived.rawHeaders.map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  const names = [...travelling.map(([name]) => name), ...ADDED, ...lengthHeader(wire)];
  assert.deepEqual(arrivedHeaders.map(([name]) => name).toSorted(), names.toSorted());

  const compared = (headers: readonly (readonly [string, string])[]) =>
    headers
      .filter(([name]) => travels(name, inputHeaders) && (sameUserAgent || name !== 'user-agent'))
      .map(([name, value]) => `${name}: ${value}`)
      .toSorted();
  assert.deepEqual(compared(arrivedHeaders), compared(travelling));
  assert.equal(arrivedHeaders.find(([name]) => name === 'accept-encoding')?.[1], 'identity');
}

function travels(name: string, inputHeaders: readonly string[]): boolean {
  if (TRAVELS.has(name) || name === 'x-amz-target' || inputHeaders.includes(name)) return true;
  return TRAVELS_BY_PREFIX.some((prefix) => name.startsWith(prefix));
}

/** RFC 9110 section 8.6: a length goes with a body, and with the methods that are expected to have one. */
function lengthHeader({ method, body }: WireRequest): readonly string[] {
  return body.length > 0 || ['POST', 'PUT', 'PATCH'].includes(method) ? ['content-length'] : [];
}
