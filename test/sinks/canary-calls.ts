import { z } from 'zod';
import type { Fault } from '../../simulator/index.ts';
import { EVERY_OPERATION, signedHeaders, type IssuedKey } from '../support/virtual-keys.ts';

/** What clients have that is nobody else's business. */
export interface ClientSecrets {
  /** A key of somebody else's gateway, sent here by mistake. */
  readonly strayKey: string;
  /** Of a header that means nothing here. */
  readonly headerValue: string;
  readonly cookie: string;
  /** What the client's own AWS credentials made: 64 hex digits. */
  readonly signature: string;
  readonly sessionToken: string;
  readonly query: string;
}

/** A request and what it is there for. */
export interface CanaryCall {
  readonly about: string;
  /** Null where it does not matter. */
  readonly status: number | null;
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  readonly body?: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What everybody may see who gets the content of calls. */
export const PROMPT = 'How deep is the bedrock here?';
const MODEL = 'amazon.nova-lite-v1%3A0';
const CONVERSE = `/bedrock/model/${MODEL}/converse`;
const STREAM = `/bedrock/model/${MODEL}/converse-stream`;
const CLAUDE = '/bedrock/model/anthropic.claude-3-haiku-20240307-v1%3A0/invoke-with-response-stream';
const AGENT = '/bedrock/agents/AGENT12345/agentAliases/ALIAS12345/sessions/s1/text';
/** Its endpoint is where nothing listens. */
const UNREACHABLE =
  '/bedrock/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Fcanary/invocations';
const messages = JSON.stringify({ messages: [{ role: 'user', content: [{ text: PROMPT }] }] });
const anthropic = JSON.stringify({
  anthropic_version: 'bedrock-2023-05-31',
  max_tokens: 20,
  messages: [{ role: 'user', content: PROMPT }],
});

/** The header that the operator chose to carry keys. */
export const KEY_HEADER = 'x-company-key';

/** Calls by every carrier, good ones and all kinds of bad ones. @param origin of the gateway */
export async function canaryCalls(
  origin: string,
  masterKey: string,
  { bearer, ...pair }: IssuedKey,
  secrets: ClientSecrets,
): Promise<readonly CanaryCall[]> {
  const ownSignature =
    'AWS4-HMAC-SHA256 Credential=AKIACLIENTOWN0000000/20261122/us-east-1/bedrock/aws4_request, ' +
    `SignedHeaders=host;x-amz-date, Signature=${secrets.signature}`;
  const ofClient = {
    'x-internal-token': secrets.headerValue,
    cookie: `session=${secrets.cookie}`,
    'x-amz-security-token': secrets.sessionToken,
  };
  const plain = { method: 'POST', path: CONVERSE, body: messages } as const;
  const signed = await signedHeaders(origin, plain, pair);
  const wrongSecret = { ...pair, secretAccessKey: `${pair.secretAccessKey.slice(1)}x` };
  const authorization = `Bearer ${bearer}`;
  // What nobody can price is refused to who has a budget.
  const ofMaster = { 'x-litellm-api-key': masterKey, ...ofClient };
  const good = { status: 200, path: CONVERSE, body: messages };
  return [
    { ...good, about: 'Authorization', headers: { authorization, ...ofClient } },
    { ...good, about: 'x-api-key', headers: { 'x-api-key': bearer, authorization: ownSignature, ...ofClient } },
    { ...good, about: 'API-Key', headers: { 'api-key': bearer } },
    { ...good, about: 'x-litellm-api-key', headers: { 'x-litellm-api-key': `Bearer ${bearer}` } },
    { ...good, about: 'litellm_user_api_key', headers: { litellm_user_api_key: bearer } },
    { ...good, about: 'the header of the operator', headers: { [KEY_HEADER]: bearer } },
    { ...good, about: 'a signature with the virtual pair', headers: signed },
    { ...good, about: 'the master key', headers: { authorization: `Bearer ${masterKey}` } },
    { ...good, about: 'a stream', path: STREAM, headers: { authorization } },
    { ...good, about: 'a stream of Claude', path: CLAUDE, body: anthropic, headers: { authorization } },
    {
      about: 'an agent, asked by SigV4 with the session token',
      status: 200,
      path: AGENT,
      body: JSON.stringify({ inputText: PROMPT, enableTrace: true }),
      headers: ofMaster,
    },
    { ...good, about: 'a secret in the query', path: `${CONVERSE}?key=${secrets.query}`, headers: { authorization } },
    { ...good, about: 'an unknown key', status: 401, headers: { authorization: `Bearer ${secrets.strayKey}` } },
    { ...good, about: 'no known form of a key', status: 401, headers: { authorization: `Basic ${secrets.strayKey}` } },
    {
      ...good,
      about: 'two keys',
      status: 401,
      headers: { 'x-litellm-api-key': `${bearer},${masterKey}`, authorization },
    },
    { ...good, about: "the client's own signature", status: 403, headers: { authorization: ownSignature } },
    {
      ...good,
      about: 'a wrong signature',
      status: 403,
      headers: { ...(await signedHeaders(origin, plain, wrongSecret)), ...ofClient },
    },
    {
      ...good,
      about: 'an unknown path',
      status: 404,
      path: `/bedrock/nothing/here?key=${secrets.query}`,
      headers: { authorization },
    },
    {
      ...good,
      about: 'a malformed path',
      status: 400,
      path: `/bedrock/;x?key=${secrets.query}`,
      headers: { authorization },
    },
    {
      ...good,
      about: 'another region',
      status: 403,
      path: `/bedrock/-/bedrock-runtime/eu-west-3/model/${MODEL}/converse`,
      headers: { authorization },
    },
    {
      ...good,
      about: 'nothing listens',
      status: 503,
      path: UNREACHABLE,
      body: '{}',
      headers: ofMaster,
    },
    {
      about: 'metrics with a wrong key',
      status: 401,
      path: '/metrics',
      method: 'GET',
      headers: { authorization: `Bearer ${secrets.strayKey}` },
    },
    {
      about: 'sinks with a virtual key',
      status: 401,
      path: '/health/sinks',
      method: 'GET',
      headers: { authorization },
    },
  ];
}

const issued = z.object({
  token_id: z.string(),
  key: z.string(),
  aws_access_key_id: z.string(),
  aws_secret_access_key: z.string(),
});

/** Asks the management API; what it answers to somebody who makes a key is for that one alone. */
export async function makeKey(origin: string, masterKey: string): Promise<IssuedKey> {
  const facts = { key_alias: 'canary', user_id: 'alice', max_budget: 1, ...EVERY_OPERATION };
  const manage = (path: string, body: object): Promise<Response> =>
    fetch(origin + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${masterKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  await manage('/user/new', { user_id: 'alice', auto_create_key: false });
  const answer = await manage('/key/generate', facts);
  const told: unknown = await answer.json();
  if (!answer.ok) throw new Error(`No key was made: ${JSON.stringify(told)}`);
  const key = issued.parse(told);
  return {
    id: key.token_id,
    bearer: key.key,
    accessKeyId: key.aws_access_key_id,
    secretAccessKey: key.aws_secret_access_key,
  };
}

/** Requests to the management API that name keys, as LiteLLM's users do, and such as are refused. */
export function managementCalls(
  masterKey: string,
  { bearer }: IssuedKey,
  secrets: ClientSecrets,
): readonly CanaryCall[] {
  const headers = { authorization: `Bearer ${masterKey}`, 'content-type': 'application/json' };
  const key = encodeURIComponent(bearer);
  const read = (path: string, status = 200): CanaryCall => ({
    about: path.split('?')[0] ?? '',
    path,
    status,
    method: 'GET',
    headers,
  });
  const change = (path: string, body: object, status = 200): CanaryCall => ({
    about: `${path} ${status}`,
    path,
    status,
    body: JSON.stringify(body),
    headers,
  });
  return [
    read(`/key/info?key=${key}`),
    read('/key/list'),
    read(`/spend/logs?api_key=${key}`),
    read('/audit'),
    read('/spend/keys'),
    read('/ledger/status'),
    read('/health/sinks'),
    read('/metrics'),
    change('/key/update', { key: bearer, metadata: { note: 'canary' } }),
    change('/key/block', { key: bearer }),
    change('/key/unblock', { key: bearer }),
    change('/key/update', { key: secrets.strayKey, metadata: {} }, 404),
    change('/key/generate', { key_alias: 7, aws_secret_access_key: secrets.headerValue }, 422),
    { ...read('/key/list', 401), headers: { authorization: `Bearer ${secrets.strayKey}` } },
  ];
}

/** Calls on which something fails behind the gateway, and one that spends half of a budget. */
export function faultyCalls({ bearer }: IssuedKey): readonly { readonly fault: Fault; readonly call: CanaryCall }[] {
  const headers = { authorization: `Bearer ${bearer}` };
  const usage = { outputTokens: 2_500_000 };
  const dear = {
    ...z.record(z.string(), z.json()).parse(JSON.parse(messages)),
    additionalModelRequestFields: { simulator: { usage } },
  };
  const call = (about: string, status: number | null, path = CONVERSE, body = messages): CanaryCall => ({
    about,
    status,
    path,
    body,
    headers,
  });
  return [
    {
      fault: { kind: 'error', status: 500, exception: 'InternalServerException' },
      call: call('a fault of Bedrock', 500),
    },
    { fault: { kind: 'no-answer', ending: 'reset' }, call: call('a reset', null) },
    { fault: { kind: 'cut', afterFrames: 2, ending: 'reset' }, call: call('a stream that is cut', 200, STREAM) },
    { fault: { kind: 'delay', delayMs: 1 }, call: call('a dear call', null, CONVERSE, JSON.stringify(dear)) },
    { fault: { kind: 'delay', delayMs: 1 }, call: call('a call without a budget left, the second time', null) },
  ];
}
