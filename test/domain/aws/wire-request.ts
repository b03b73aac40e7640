import { createHmac, hash } from 'node:crypto';
import { parseSigv4Authorization } from '../../../src/domain/aws/sigv4/authorization-header.ts';
import type { SignatureEvidence } from '../../../src/domain/aws/sigv4/verify.ts';
import { HeaderList } from '../../../src/domain/headers.ts';
import { parseRequestTarget } from '../../../src/domain/request-target.ts';

export const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const ACCESS_KEY_ID = 'AKOCABCDEFGHIJKLMNOP';
export const NOW_MS = Date.UTC(2026, 10, 1, 9, 30, 0);
export const AMZ_DATE = '20261101T093000Z';

/** A signed request as it stands on the wire, in parts that a test can change one by one. */
export interface WireRequest {
  readonly method: string;
  readonly target: string;
  /** All but authorization. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** When it arrives. */
  readonly nowMs: number;
}

function authorizationText(wire: WireRequest): string {
  return (
    `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY_ID}/${wire.date}/${wire.region}/${wire.service}/aws4_request, ` +
    `SignedHeaders=${wire.signedHeaders.join(';')}, Signature=${wire.signature}`
  );
}

/** @returns null when the gateway refuses the request before its signature is looked at: it can't be read, or not be one of this key. */
export function evidenceOf(wire: WireRequest): SignatureEvidence | null {
  const authorization = parseSigv4Authorization(authorizationText(wire));
  const target = parsedOrNull(wire.target);
  if (authorization?.accessKeyId !== ACCESS_KEY_ID || target === null) return null;
  // As the servers do: white space around a value is no part of it, and a second Host is refused.
  const headers = HeaderList.fromRaw(wire.headers.flatMap(([name, value]) => [name, value.trim()]));
  if (headers.count('host') > 1) return null;
  return {
    authorization,
    method: wire.method,
    places: [{ host: headers.get('host') ?? '', path: target.path }],
    query: target.query,
    headers,
    bodySha256Hex: hash('sha256', wire.body),
    nowMs: wire.nowMs,
  };
}

function parsedOrNull(target: string): ReturnType<typeof parseRequestTarget> | null {
  try {
    return parseRequestTarget(target);
  } catch {
    return null;
  }
}

/** The canonical request, written down from AWS's documentation without any of the gateway's code. */
export function canonicalOracle(wire: WireRequest): string {
  const [path = '', query = ''] = wire.target.split(/\?(.*)/s);
  const pairs = query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => pair.split(/=(.*)/s).slice(0, 2))
    .map(
      ([name = '', value = '']) =>
        `${strictEncode(decodeURIComponent(name))} ${strictEncode(decodeURIComponent(value))}`,
    );
  return [
    wire.method,
    path.replace(/\/+/g, '/').split('/').map(strictEncode).join('/'),
    // A space sorts before every character an encoded name can have.
    pairs.sort().join('&').replaceAll(' ', '='),
    ...wire.signedHeaders.map((name) => `${name}:${valuesOf(wire, name).join(',')}`),
    '',
    wire.signedHeaders.join(';'),
    hash('sha256', wire.body),
  ].join('\n');
}

function strictEncode(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9._~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

function valuesOf(wire: WireRequest, signedName: string): string[] {
  const wanted = signedName === ':authority' ? 'host' : signedName;
  return wire.headers
    .filter(([name]) => name.toLowerCase() === wanted)
    .map(([, value]) => value.trim().split(/\s+/).join(' '));
}

/** Gives the request the signature it should have, whatever it says. */
export function signedAgain(wire: WireRequest, secret: string = SECRET): WireRequest {
  const scope = [wire.date, wire.region, wire.service, 'aws4_request'];
  const amzDate = wire.headers.find(([name]) => name === 'x-amz-date')?.[1] ?? '';
  const stringToSign = ['AWS4-HMAC-SHA256', amzDate, scope.join('/'), hash('sha256', canonicalOracle(wire))].join('\n');
  const signature = [...scope, stringToSign].reduce<Buffer>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    Buffer.from(`AWS4${secret}`),
  );
  return { ...wire, signature: signature.toString('hex') };
}

const CONVERSE = '{"messages":[{"role":"user","content":[{"text":"What is an outcrop?"}]}]}';
const PLAIN = {
  method: 'POST',
  body: CONVERSE,
  date: AMZ_DATE.slice(0, 8),
  region: 'us-east-1',
  service: 'bedrock',
  signature: '',
  nowMs: NOW_MS,
};

/** The shapes that real clients give their requests, signed. */
export const CLIENT_REQUESTS: Readonly<Record<string, WireRequest>> = {
  boto3: signedAgain({
    ...PLAIN,
    target: '/bedrock/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse',
    headers: [
      ['host', '127.0.0.1:4000'],
      ['accept-encoding', 'identity'],
      ['content-type', 'application/json'],
      ['user-agent', 'Boto3/1.43.11 md/Botocore'],
      ['x-amz-date', AMZ_DATE],
      ['amz-sdk-request', 'attempt=1'],
      ['content-length', String(CONVERSE.length)],
    ],
    signedHeaders: ['content-type', 'host', 'x-amz-date'],
  }),
  'AWS SDK for JavaScript over HTTP/2': signedAgain({
    ...PLAIN,
    target: '/bedrock/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aapplication-inference-profile%2Fabc/converse',
    headers: [
      ['host', 'gateway.example'],
      ['amz-sdk-invocation-id', 'b1d0c7a6-6a52-4d77-9a43-0a6e4e1ad9a2'],
      ['amz-sdk-request', 'attempt=1; max=3'],
      ['content-length', String(CONVERSE.length)],
      ['content-type', 'application/json'],
      ['x-amz-content-sha256', hash('sha256', CONVERSE)],
      ['x-amz-date', AMZ_DATE],
      ['x-amz-user-agent', 'aws-sdk-js/3.1164.0'],
    ],
    signedHeaders: [
      ':authority',
      'amz-sdk-invocation-id',
      'amz-sdk-request',
      'content-length',
      'content-type',
      'x-amz-content-sha256',
      'x-amz-date',
      'x-amz-user-agent',
    ],
  }),
  'Anthropic, with a raw colon': signedAgain({
    ...PLAIN,
    target: '/bedrock/model/us.anthropic.claude-sonnet-4-5-20250929-v1:0/invoke',
    headers: [
      ['Host', 'gateway.example'],
      ['accept', 'application/json'],
      ['accept-encoding', 'gzip, deflate'],
      ['anthropic-beta', 'a-2026-01-01,b'],
      ['x-amz-date', AMZ_DATE],
    ],
    signedHeaders: ['accept', 'accept-encoding', 'anthropic-beta', 'host', 'x-amz-date'],
  }),
  'AI SDK': signedAgain({
    ...PLAIN,
    target: '/bedrock/model/amazon.nova-lite-v1%3A0/converse-stream',
    headers: [
      ['host', 'gateway.example'],
      ['x-amz-date', AMZ_DATE],
      ['content-type', 'application/json'],
    ],
    signedHeaders: ['host', 'x-amz-date'],
  }),
  'a list with a query': signedAgain({
    ...PLAIN,
    method: 'GET',
    body: '',
    target: '/bedrock/inference-profiles?maxResults=10&type=SYSTEM_DEFINED&nextToken=a%2Fb%3D%3D~x-y',
    headers: [
      ['host', 'gateway.example'],
      ['x-amz-date', AMZ_DATE],
    ],
    signedHeaders: ['host', 'x-amz-date'],
  }),
  'agentcore, with a header that came twice': signedAgain({
    ...PLAIN,
    service: 'bedrock-agentcore',
    target:
      '/bedrock/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A1%3Aruntime%2Fr/invocations?qualifier=DEFAULT',
    headers: [
      ['host', 'gateway.example'],
      ['x-custom', 'one  two'],
      ['x-amz-date', AMZ_DATE],
      ['x-custom', 'three, four'],
    ],
    signedHeaders: ['host', 'x-amz-date', 'x-custom'],
  }),
};
