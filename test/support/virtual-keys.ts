import { z } from 'zod';
import { SERVICE_IDS } from '../../simulator/index.ts';
import { smithySignature } from '../domain/aws/sigv4/smithy-signature.ts';
import { MASTER_KEY } from './test-gateway.ts';

const fresh = z.object({
  token_id: z.string(),
  key: z.string(),
  aws_access_key_id: z.string(),
  aws_secret_access_key: z.string(),
});

/** A virtual key as its maker is told of it, once. */
export interface IssuedKey {
  /** The public one. */
  readonly id: string;
  readonly bearer: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Another secret of the same form. */
export function otherSecret({ secretAccessKey }: IssuedKey): string {
  return (secretAccessKey.startsWith('A') ? 'B' : 'A') + secretAccessKey.slice(1);
}

/** The grant of a key that may call whatever Bedrock has. */
export const EVERY_OPERATION = { allowed_operations: SERVICE_IDS.map((service) => `${service}:*`) };

/** A request to the management API with the master key. @param request such as `POST /key/generate` */
function manage(origin: string, request: string, body?: object): Promise<Response> {
  const [method = '', path = ''] = request.split(' ');
  return fetch(origin + path, {
    method,
    headers: { authorization: `Bearer ${MASTER_KEY}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** The same, which has to succeed. @returns the JSON of the answer */
export async function managed(origin: string, request: string, body?: object): Promise<unknown> {
  const response = await manage(origin, request, body);
  const text = await response.text();
  if (!response.ok) throw new Error(`${request}: ${response.status} ${text}`);
  return JSON.parse(text);
}

/** @param facts fields of `/key/generate` */
export async function issueKey(origin: string, facts: object = {}): Promise<IssuedKey> {
  return readIssued(await managed(origin, 'POST /key/generate', facts));
}

/** @param facts fields of `/key/regenerate` */
export async function reissueKey(origin: string, { id }: IssuedKey, facts: object = {}): Promise<IssuedKey> {
  return readIssued(await managed(origin, 'POST /key/regenerate', { key: id, ...facts }));
}

function readIssued(answer: unknown): IssuedKey {
  const key = fresh.parse(answer);
  return {
    id: key.token_id,
    bearer: key.key,
    accessKeyId: key.aws_access_key_id,
    secretAccessKey: key.aws_secret_access_key,
  };
}

const CONVERSE_PATH = '/bedrock/model/amazon.nova-lite-v1%3A0/converse';
const CONVERSE_BODY = '{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}';

/** What a request is, whoever signs it. */
export interface PlainRequest {
  readonly method: 'GET' | 'POST';
  /** Raw, without a query. */
  readonly path: string;
  readonly body: string;
}

export const CONVERSE: PlainRequest = { method: 'POST', path: CONVERSE_PATH, body: CONVERSE_BODY };

/** Headers by which the AWS SDK for JavaScript signs a request with a virtual pair. */
export async function signedHeaders(
  origin: string,
  { method, path, body }: PlainRequest,
  credentials: { readonly accessKeyId: string; readonly secretAccessKey: string },
  { timeMs = Date.now(), region = 'us-east-1' } = {},
): Promise<Record<string, string>> {
  const { authorization, amzDate } = await smithySignature({
    method,
    host: new URL(origin).host,
    path,
    query: {},
    headers: [],
    body: Buffer.from(body),
    timeMs,
    region,
    service: 'bedrock',
    ...credentials,
  });
  return { authorization, 'x-amz-date': amzDate };
}

/** Sends a request to Bedrock through a gateway. */
export function send(
  origin: string,
  { method, path, body }: PlainRequest,
  headers: Record<string, string>,
): Promise<Response> {
  const content = method === 'GET' ? {} : { body, headers: { 'content-type': 'application/json', ...headers } };
  return fetch(origin + path, { method, headers, ...content });
}

/** The status of a Converse request with a bearer key. */
export async function statusWith(origin: string, bearer: string): Promise<number> {
  const response = await send(origin, CONVERSE, { authorization: `Bearer ${bearer}` });
  await response.arrayBuffer();
  return response.status;
}

/** The status of a Converse request signed with a virtual pair. */
export async function statusSigned(origin: string, key: IssuedKey, options: { timeMs?: number } = {}): Promise<number> {
  const response = await send(origin, CONVERSE, await signedHeaders(origin, CONVERSE, key, options));
  await response.arrayBuffer();
  return response.status;
}
