import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { smithySignature } from '../domain/aws/sigv4/smithy-signature.ts';
import type { Received } from './receiver.ts';
import { AWS_KEYS } from './test-sinks.ts';

/** The headers every request of a sink to AWS must have signed. */
const MUST_BE_SIGNED = ['content-type', 'host', 'x-amz-content-sha256', 'x-amz-date'];

export interface Signer {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** Checks a signature by having the signer of the AWS SDK for JavaScript sign what arrived. */
export async function verifySignature(
  request: Received,
  service: string,
  region = 'us-east-1',
  keys: Signer = AWS_KEYS,
): Promise<void> {
  const { headers, method, target, body } = request;
  const authorization = headers.authorization ?? '';
  const signed = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(';') ?? [];
  for (const name of MUST_BE_SIGNED) assert.ok(signed.includes(name), `${name} is not signed`);
  for (const name of Object.keys(headers)) if (name.startsWith('x-amz-')) assert.ok(signed.includes(name), name);
  assert.equal(headers['x-amz-content-sha256'], createHash('sha256').update(body).digest('hex'));
  const [path = '', query = ''] = target.split('?');
  assert.equal(query, '');
  const expected = await smithySignature({
    method,
    host: headers.host ?? '',
    path,
    query: {},
    headers: signed
      .filter((name) => name !== 'host' && name !== 'x-amz-date' && name !== 'x-amz-security-token')
      .map((name) => [name, String(headers[name])]),
    body,
    timeMs: timeOf(String(headers['x-amz-date'])),
    region,
    service,
    uriEscapePath: service !== 's3',
    ...keys,
  });
  assert.equal(authorization, expected.authorization);
  assert.ok(Math.abs(Date.now() - timeOf(String(headers['x-amz-date']))) < 60_000);
}

function timeOf(amzDate: string): number {
  return Date.parse(amzDate.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}
