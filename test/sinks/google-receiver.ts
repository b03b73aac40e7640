import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Answer, Received } from './receiver.ts';
import { testFolder } from './test-sinks.ts';

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const PRIVATE_KEY = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
export const ACCESS_TOKEN = 'ya29.a-token-for-pubsub';
const CLIENT_EMAIL = 'outcrop@my-project.iam.gserviceaccount.com';
const KEY_ID = 'key-1';

const claimsShape = z.strictObject({
  iss: z.literal(CLIENT_EMAIL),
  scope: z.literal('https://www.googleapis.com/auth/pubsub'),
  aud: z.url(),
  iat: z.int(),
  exp: z.int(),
});
const publishShape = z.strictObject({
  messages: z
    .array(z.strictObject({ data: z.base64() }))
    .min(1)
    .max(1000),
});

/** The key file of a service account whose tokens are given out at `origin`. */
export function serviceAccountFile(origin: string, more: Readonly<Record<string, unknown>> = {}): string {
  const file = path.join(testFolder(), 'service-account.json');
  const account = {
    type: 'service_account',
    project_id: 'my-project',
    private_key_id: KEY_ID,
    private_key: PRIVATE_KEY,
    client_email: CLIENT_EMAIL,
    client_id: '1',
    token_uri: `${origin}/token`,
    ...more,
  };
  writeFileSync(file, JSON.stringify(account), { mode: 0o600 });
  return file;
}

/** Tokens for whoever has signed for one, as Google gives them, and ids for messages. */
export function googleAnswer(request: Received): Answer {
  if (request.target === '/token') {
    verifyAssertion(request);
    return {
      status: 200,
      body: JSON.stringify({ access_token: ACCESS_TOKEN, expires_in: 3599, token_type: 'Bearer' }),
    };
  }
  return publishAnswer(request);
}

export function publishAnswer(request: Received): Answer {
  const messageIds = messagesOf(request).map((_, place) => String(place));
  return { status: 200, body: JSON.stringify({ messageIds }) };
}

export function isPublish({ target }: Received): boolean {
  return target.endsWith(':publish');
}

/** The payloads in a request; none in one for a token. */
export function messagesOf(request: Received): readonly string[] {
  if (!isPublish(request)) return [];
  assert.ok(request.body.length <= 10_000_000);
  const { messages } = publishShape.parse(JSON.parse(request.text));
  return messages.map(({ data }) => Buffer.from(data, 'base64').toString('utf8'));
}

/** Checks an assertion with nothing but the public key. */
export function verifyAssertion(
  { method, headers, text }: Received,
  key: KeyObject = createPublicKey(PRIVATE_KEY),
): void {
  assert.equal(method, 'POST');
  assert.equal(headers['content-type'], 'application/x-www-form-urlencoded');
  const form = new URLSearchParams(text);
  assert.equal(form.get('grant_type'), 'urn:ietf:params:oauth:grant-type:jwt-bearer');
  const [header = '', claims = '', signature = ''] = form.get('assertion')?.split('.') ?? [];
  assert.deepEqual(decoded(header), { alg: 'RS256', typ: 'JWT', kid: KEY_ID });
  assert.ok(verify('sha256', Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, 'base64url')));
  const { aud, iat, exp } = claimsShape.parse(decoded(claims));
  assert.equal(aud, `http://${headers.host}/token`);
  assert.ok(Math.abs(iat - Date.now() / 1000) < 60);
  assert.equal(exp, iat + 3600);
}

function decoded(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
}
