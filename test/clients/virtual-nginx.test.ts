import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { ServiceId } from '../../simulator/index.ts';
import { needs } from '../support/needs.ts';
import { MODEL, PROFILE_ARN } from './examples.ts';
import { http1Request } from './http1-request.ts';
import { QUESTION } from './sdk/connect.ts';
import { loadSdkService } from './sdk/sdk-service.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { issueKey, type IssuedKey } from '../support/virtual-keys.ts';
import { freePort, startNginx } from './virtual-nginx.ts';

/** Behind an nginx that gives the gateway another host and another path than the client has signed. */

/** With colons, which the SDK encodes, with a slash, which must stay encoded, and with a query. */
const CALLS: readonly { readonly service: ServiceId; readonly operation: string; readonly input: object }[] = [
  { service: 'bedrock-runtime', operation: 'Converse', input: { modelId: MODEL, messages: QUESTION } },
  { service: 'bedrock-runtime', operation: 'Converse', input: { modelId: PROFILE_ARN, messages: QUESTION } },
  { service: 'bedrock', operation: 'ListFoundationModels', input: { byOutputModality: 'TEXT' } },
];

/** Whom nginx says it has heard from: here everything comes from loopback. */
const CLIENT = '198.51.100.7';

interface Site {
  readonly gateway: TestGateway;
  /** Where clients go. */
  readonly publicUrl: string;
}

describe('behind nginx', needs('nginx'), () => {
  const running: { close(): Promise<void> }[] = [];
  after(async () => {
    for (const part of running.toReversed()) await part.close();
  });

  /** @param env of the gateway, which knows where nginx will be. */
  async function start(env: (publicUrl: string) => Record<string, string>): Promise<Site> {
    const port = await freePort();
    const publicUrl = `http://127.0.0.1:${port}/ai`;
    const gateway = await startTestGateway({ env: env(publicUrl) });
    running.push(gateway);
    // A path that is passed on in a variable stays as it was sent; otherwise nginx would decode it.
    const nginx = await startNginx(
      port,
      `map $request_uri $sent_path { "~^/ai(?<rest>/.*)$" $rest; }
      server {
        listen 127.0.0.1:${port};
        location /ai/ {
          proxy_pass ${gateway.origin}$sent_path;
          proxy_http_version 1.1;
          proxy_set_header Host outcrop.internal;
          proxy_set_header X-Forwarded-For "$http_x_forwarded_for, ${CLIENT}";
        }
      }`,
    );
    running.push(nginx);
    return { gateway, publicUrl };
  }

  async function outcomes({ publicUrl }: Site, { accessKeyId, secretAccessKey }: IssuedKey): Promise<string[]> {
    const came: string[] = [];
    for (const { service, operation, input } of CALLS) {
      const sdk = await loadSdkService(service);
      const client = sdk.connect({
        endpoint: `${publicUrl}/bedrock`,
        region: 'us-east-1',
        maxAttempts: 1,
        credentials: { accessKeyId, secretAccessKey },
        requestHandler: new NodeHttpHandler(),
      });
      const sent = client.send(sdk.operation(operation).command(input));
      came.push(
        await sent.then(() => 'answered').catch((error: unknown) => (error instanceof Error ? error.name : '?')),
      );
      client.destroy();
    }
    return came;
  }

  test('signatures fit when the gateway knows its public address', async () => {
    const site = await start((publicUrl) => ({ OUTCROP_PUBLIC_URLS: `https://elsewhere.example/x,${publicUrl}/` }));
    assert.deepEqual(
      await outcomes(site, await issueKey(site.gateway.origin)),
      CALLS.map(() => 'answered'),
    );
  });

  test('signatures do not fit when it does not', async () => {
    for (const env of [() => ({}), (publicUrl: string) => ({ OUTCROP_PUBLIC_URLS: `${publicUrl}/more` })]) {
      const site = await start(env);
      const came = await outcomes(site, await issueKey(site.gateway.origin));
      assert.deepEqual(
        came,
        CALLS.map(() => 'InvalidSignatureException'),
      );
      assert.deepEqual(site.gateway.forwarded(), []);
    }
  });

  test('the client is whom a trusted proxy names, and nobody else says who it is', async () => {
    const trusting = await start(() => ({ OUTCROP_TRUSTED_PROXIES: '127.0.0.0/8' }));
    const distrusting = await start(() => ({}));
    const rows: readonly (readonly [Site, allowed: string, claimed: string, status: number])[] = [
      [trusting, `${CLIENT}/32`, '10.1.2.3', 200],
      [trusting, '10.0.0.0/8', '10.1.2.3', 403],
      [trusting, '127.0.0.1', '127.0.0.1', 403],
      [distrusting, `${CLIENT}/32`, CLIENT, 403],
      [distrusting, '127.0.0.1', '10.1.2.3', 200],
    ];
    for (const [{ gateway, publicUrl }, allowed, claimed, expected] of rows) {
      const { bearer } = await issueKey(gateway.origin, { allowed_source_addresses: [allowed] });
      const { status } = await http1Request(publicUrl, {
        method: 'GET',
        target: '/ai/bedrock/foundation-models',
        headers: { authorization: `Bearer ${bearer}`, 'x-forwarded-for': claimed },
      });
      assert.equal(status, expected, `${allowed} allowed, ${claimed} claimed`);
    }
  });
});
