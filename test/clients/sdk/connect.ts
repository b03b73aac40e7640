import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { MASTER_KEY } from '../../support/test-gateway.ts';

/** How the tests of the AWS SDK for JavaScript connect and what they ask. */

export const QUESTION = [{ role: 'user' as const, content: [{ text: 'What is an outcrop?' }] }];

/** For the services that take a bearer token, and for those that do not. */
export const BEARER = { token: { token: MASTER_KEY }, authSchemePreference: ['httpBearerAuth'] };
export const AS_ACCESS_KEY = { credentials: { accessKeyId: MASTER_KEY, secretAccessKey: 'unused' } };

export function baseConfig(origin: string) {
  return { endpoint: `${origin}/bedrock`, region: 'us-east-1', maxAttempts: 1 };
}

/** @param config over the usual one. */
export function connectRuntime(origin: string, config: object = {}): BedrockRuntimeClient {
  return new BedrockRuntimeClient({ ...baseConfig(origin), ...BEARER, ...config });
}
