import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Agent } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { SERVICE_IDS, SIMULATOR_CREDENTIALS, type ServiceId, type SimulatorRequest } from '../../simulator/index.ts';
import type { Operation } from '../../src/domain/operations/operation.ts';
import { OPERATIONS } from '../../src/domain/operations/table.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { http1Request } from './http1-request.ts';
import { exampleInput } from './sdk/example-input.ts';
import { assertForwarded, CANARY, LEAKS, withTravellers } from './sdk/forwarded.ts';
import { ARN_REGION, examplesFor } from './sdk/operation-examples.ts';
import { loadSdkService, type SdkClient, type SdkOperation, type SdkService } from './sdk/sdk-service.ts';
import { startWireRecorder, type WireRecorder, type WireRequest } from './sdk/wire-recorder.ts';

/**
 * Every operation of every service, as the AWS SDK for JavaScript sends it: once past the gateway into a recorder, which
 * shows what Bedrock would have got, once through the gateway with the SDK, and once through it byte by byte.
 */

const NOT_CARRIED = 'InvokeModelWithBidirectionalStream';
const HTTP2_SERVICES: readonly ServiceId[] = ['bedrock-runtime', 'bedrock-agent-runtime'];
const BEARER_SERVICES: readonly ServiceId[] = ['bedrock', 'bedrock-runtime'];

let gateway: TestGateway;
const recorders = new Map<boolean, WireRecorder>();
const agent = new Agent({ keepAlive: true });

before(async () => {
  gateway = await startTestGateway();
  recorders.set(false, await startWireRecorder('HTTP/1.1'));
  recorders.set(true, await startWireRecorder('HTTP/2'));
});

after(async () => {
  agent.destroy();
  await Promise.all([gateway.close(), ...[...recorders.values()].map((recorder) => recorder.close())]);
});

test('the table has all operations of the clients and nothing else', async () => {
  const modelled = await Promise.all(
    SERVICE_IDS.map(async (service) => {
      const module: Record<string, unknown> = await import(`@aws-sdk/client-${service}`);
      const commands = Object.keys(module).filter((name) => /^[A-Z]\w+Command$/.test(name));
      return commands.map((name) => `${service}:${name.replace(/Command$/, '')}`);
    }),
  );
  const inTable = OPERATIONS.map(({ service, name }) => `${service}:${name}`);
  assert.deepEqual(inTable.toSorted(), modelled.flat().toSorted());
});

for (const service of SERVICE_IDS) {
  const operations = OPERATIONS.filter((operation) => operation.service === service && operation.name !== NOT_CARRIED);

  describe(`${service}: ${operations.length} operations`, () => {
    test('arrive as the SDK sends them and are answered as Bedrock answers', async () => {
      const sdk = await loadSdkService(service);
      const direct = connectPast(service, sdk);
      const gatewayed = connectThrough(service, sdk);
      const failures: string[] = [];
      for (const operation of operations) {
        gateway.simulator.clearRequests();
        await conforms(operation, sdk.operation(operation.name), direct, gatewayed).catch((error: unknown) =>
          failures.push(`${operation.name}: ${String(error).slice(0, 1000)}`),
        );
      }
      direct.destroy();
      gatewayed.destroy();
      assert.deepEqual(failures, []);
    });
  });
}

test(`${NOT_CARRIED} is refused plainly`, async () => {
  gateway.simulator.clearRequests();
  const answer = await http1Request(gateway.origin, {
    method: 'POST',
    target: '/bedrock/model/amazon.nova-sonic-v1%3A0/invoke-with-bidirectional-stream',
    headers: { authorization: `Bearer ${MASTER_KEY}` },
  });
  assert.equal(answer.status, 501);
  assert.equal(answer.headers['x-amzn-errortype'], 'NotImplementedException');
  assert.deepEqual(gateway.forwarded(), []);
});

async function conforms(
  operation: Operation,
  sdk: SdkOperation,
  direct: SdkClient,
  gatewayed: SdkClient,
): Promise<void> {
  const input = exampleInput(sdk.input, examplesFor(operation.service, operation.name));
  const wire = await recordedPast(operation.service, sdk, direct, input);
  const travelling = { wire, inputHeaders: sdk.inputHeaders, ...scopeOf(operation.service, wire) };

  const output = await gatewayed.send(sdk.command(input));
  await drain(output);
  const bySdk = onlyRequest(operation);
  assertForwarded(bySdk, travelling, { sameUserAgent: false });
  assert.equal(requestIdOf(output), bySdk.requestId, 'the SDK got the answer to another request');

  const more = { ...wire, headers: withTravellers(wire.headers) };
  const answer = await http1Request(gateway.origin, {
    method: wire.method,
    target: `/bedrock${wire.target}`,
    headers: { ...replayable(more), ...LEAKS, litellm_user_api_key: `Bearer ${MASTER_KEY}` },
    body: wire.body,
    agent,
  });
  const raw = onlyRequest(operation);
  assertForwarded(raw, { ...travelling, wire: more }, { sameUserAgent: true });
  await gateway.simulator.until(() => raw.ended !== 'running');
  assert.equal(answer.status, raw.status);
  assert.equal(answer.headers['x-amzn-requestid'], raw.requestId);
  assert.equal(createHash('sha256').update(answer.body).digest('hex'), raw.responseSha256, 'the answer was changed');
  assert.ok(answer.body.length > 0);

  await refusedWithoutKey(wire);
}

/** The same request without a key, and with the right key where the highest carrier holds a wrong one. */
async function refusedWithoutKey(wire: WireRequest): Promise<void> {
  const wrong = { 'x-litellm-api-key': 'sk-wrong', authorization: `Bearer ${MASTER_KEY}` };
  for (const credentials of [{}, wrong]) {
    const answer = await http1Request(gateway.origin, {
      method: wire.method,
      target: `/bedrock${wire.target}`,
      headers: { ...replayable(wire), ...credentials },
      body: wire.body,
      agent,
    });
    assert.equal(answer.status, 401);
    assert.equal(answer.headers['x-amzn-errortype'], 'UnrecognizedClientException');
    assert.equal(gateway.forwarded().length, 0, 'a request without a valid key reached Bedrock');
  }
}

/** The one request the simulator got since the last time, and nothing secret in it. */
function onlyRequest({ service, name }: Operation): SimulatorRequest {
  const [arrived, ...others] = gateway.forwarded();
  gateway.simulator.clearRequests();
  assert.ok(arrived !== undefined, 'nothing arrived');
  assert.equal(others.length, 0, 'it arrived more than once');
  assert.equal(arrived.refusal, undefined);
  assert.deepEqual([arrived.service, arrived.operation, arrived.status], [service, name, 200]);
  const seen = JSON.stringify([arrived.target, arrived.rawHeaders, arrived.body.toString('latin1')]);
  assert.ok(!seen.includes(MASTER_KEY), 'the master key travelled');
  assert.ok(!seen.includes(CANARY), 'a credential of the client travelled');
  return arrived;
}

async function recordedPast(
  service: ServiceId,
  sdk: SdkOperation,
  direct: SdkClient,
  input: object,
): Promise<WireRequest> {
  // The recorder's empty answer need not make sense to the SDK.
  const failure: unknown = await direct.send(sdk.command(input)).then(
    () => undefined,
    (error: unknown) => error,
  );
  const [wire] = recorderFor(service).take();
  if (wire === undefined) throw new Error('The SDK sent nothing.', { cause: failure });
  return wire;
}

/** An ARN in the path or, for the operations that two services share, in the body names the region. */
function scopeOf(service: ServiceId, { target, body }: WireRequest): { region: string; signingName: string } {
  const [path = ''] = target.split('?');
  const namesRegion = path.includes('arn%3Aaws%3A') || body.includes('"resourceARN":"arn:aws:');
  return {
    region: namesRegion ? ARN_REGION : 'us-east-1',
    signingName: service.startsWith('bedrock-agentcore') ? 'bedrock-agentcore' : 'bedrock',
  };
}

/** The headers of a recorded request that say something about it rather than about its connection. */
function replayable(wire: WireRequest): Record<string, string> {
  const ofTheConnection = ['host', 'connection', 'content-length', 'authorization', 'x-amz-content-sha256'];
  return Object.fromEntries(wire.headers.filter(([name]) => !name.startsWith(':') && !ofTheConnection.includes(name)));
}

function connectPast(service: ServiceId, sdk: SdkService): SdkClient {
  return sdk.connect({
    endpoint: recorderFor(service).origin,
    region: 'us-east-1',
    credentials: SIMULATOR_CREDENTIALS,
    maxAttempts: 1,
  });
}

function connectThrough(service: ServiceId, sdk: SdkService): SdkClient {
  const identity = BEARER_SERVICES.includes(service)
    ? { token: { token: MASTER_KEY }, authSchemePreference: ['httpBearerAuth'] }
    : { credentials: { accessKeyId: MASTER_KEY, secretAccessKey: 'of no importance' } };
  return sdk.connect({ endpoint: `${gateway.origin}/bedrock`, region: 'us-east-1', maxAttempts: 1, ...identity });
}

function recorderFor(service: ServiceId): WireRecorder {
  const recorder = recorders.get(HTTP2_SERVICES.includes(service));
  assert.ok(recorder !== undefined);
  return recorder;
}

/** Reads streams among the members of an output to their end. */
async function drain(output: unknown): Promise<void> {
  for (const member of Object.values(asRecord(output))) {
    if (!isAsyncIterable(member)) continue;
    for await (const piece of member) assert.ok(piece);
  }
}

function requestIdOf(output: unknown): unknown {
  return asRecord(asRecord(output)['$metadata'])['requestId'];
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
