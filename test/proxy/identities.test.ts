import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { Refusal } from '../../src/domain/errors.ts';
import { SERVICE_IDS } from '../../src/domain/operations/services.ts';
import type { AwsIdentity } from '../../src/ports.ts';
import { GatewayIdentities, type LoadedCredentials } from '../../src/upstream/identities.ts';

const START_MS = Date.UTC(2026, 10, 22);
const MINUTE_MS = 60_000;

/** Holds time still; timers fire when it is moved. */
beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'Date'], now: START_MS }));
afterEach(() => mock.timers.reset());

const clock = { nowMs: () => Date.now(), elapsedMs: () => Date.now() - START_MS };

/** Identities whose source is a script: each load takes the next step of it. */
function scripted(steps: readonly (LoadedCredentials | Error)[], bearerToken: string | null = null) {
  const lines: string[] = [];
  const note = (_facts: object, message: string) => void lines.push(message);
  let loads = 0;
  const load = (): Promise<LoadedCredentials> => {
    const step = steps[loads] ?? new Error('the script is over');
    loads += 1;
    return step instanceof Error ? Promise.reject(step) : Promise.resolve(step);
  };
  const log = { debug: note, info: note, warn: note, error: note };
  return { identities: new GatewayIdentities({ bearerToken, load, clock, log }), lines, loads: () => loads };
}

function lasting(name: string, minutes?: number): LoadedCredentials {
  const credentials = { accessKeyId: `AKIA${name}`, secretAccessKey: 'secret' };
  return minutes === undefined
    ? credentials
    : { ...credentials, expiration: new Date(Date.now() + minutes * MINUTE_MS) };
}

function idOf(identity: AwsIdentity | Promise<AwsIdentity>): string {
  assert.ok(!(identity instanceof Promise), 'a request had to wait');
  return identity.kind === 'bearer' ? 'bearer' : identity.credentials.accessKeyId;
}

/** Lets what was started by a timer come to its end; it works with promises only. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

function isNoCredentials(error: unknown): boolean {
  return error instanceof Refusal && error.kind === 'noCredentials';
}

describe('the gateway’s own identity', () => {
  test('the first requests share one fetch; later ones never wait', async () => {
    const { identities, loads } = scripted([lasting('FIRST')]);
    await Promise.all([1, 2, 3].map(async () => identities.forService('bedrock-runtime')));
    assert.equal(idOf(identities.forService('bedrock-agent')), 'AKIAFIRST');
    assert.equal(loads(), 1);
  });

  test('credentials are fetched anew five minutes before they expire, beside the requests', async () => {
    const { identities, loads } = scripted([lasting('FIRST', 60), lasting('SECOND', 120)]);
    await identities.refresh();
    mock.timers.tick(54 * MINUTE_MS);
    await settle();
    assert.equal(loads(), 1);
    mock.timers.tick(2 * MINUTE_MS);
    assert.equal(idOf(identities.forService('bedrock-runtime')), 'AKIAFIRST');
    await settle();
    assert.equal(loads(), 2);
    assert.equal(idOf(identities.forService('bedrock-runtime')), 'AKIASECOND');
    identities.close();
  });

  test('while refreshing fails, the old ones serve to their end and it is tried again each five seconds', async () => {
    const down = new Error('STS is down');
    const { identities, loads, lines } = scripted([lasting('FIRST', 6), down, down, lasting('SECOND', 60)]);
    await identities.refresh();
    mock.timers.tick(MINUTE_MS + 1);
    await settle();
    assert.equal(loads(), 2);
    assert.equal(idOf(identities.forService('bedrock-runtime')), 'AKIAFIRST');
    mock.timers.tick(5001);
    await settle();
    assert.equal(loads(), 3);
    mock.timers.tick(5001);
    await settle();
    assert.equal(idOf(identities.forService('bedrock-runtime')), 'AKIASECOND');
    assert.equal(lines.length, 1, 'one line for an outage, not one for each try');
    identities.close();
  });

  test('expired ones are not used, and the source is not asked by every request', async () => {
    const down = new Error('STS is down');
    const { identities, loads } = scripted([lasting('FIRST', 6), ...Array.from({ length: 200 }, () => down)]);
    await identities.refresh();
    for (let seconds = 0; seconds < 6 * 60; seconds += 5) {
      mock.timers.tick(5000);
      await settle();
    }
    const before = loads();
    for (let request = 0; request < 100; request += 1) {
      assert.throws(() => identities.forService('bedrock-runtime'), isNoCredentials);
    }
    assert.equal(loads(), before);
    identities.close();
  });

  test('with nothing configured, the source is asked once in five seconds', async () => {
    const nothing = new Error('nothing configured');
    const { identities, loads } = scripted([nothing, nothing, lasting('FIRST')]);
    await assert.rejects(Promise.resolve(identities.forService('bedrock-runtime')), isNoCredentials);
    assert.throws(() => identities.forService('bedrock-runtime'), isNoCredentials);
    assert.equal(loads(), 1);
    mock.timers.tick(5001);
    await assert.rejects(Promise.resolve(identities.forService('bedrock-runtime')), isNoCredentials);
    mock.timers.tick(5001);
    await identities.forService('bedrock-runtime');
    assert.equal(idOf(identities.forService('bedrock-runtime')), 'AKIAFIRST');
  });

  test('credentials of a gateway are no credentials', async () => {
    const { identities } = scripted([{ accessKeyId: 'AKOC123', secretAccessKey: 'x' }]);
    await assert.rejects(identities.refresh(), isNoCredentials);
  });

  test('its account is what the source says, else what the access key id tells, else unknown', async () => {
    const accessKeyId = 'ASIAY34FZKBOKMUTVV7A';
    for (const [credentials, account] of [
      [{ accessKeyId, accountId: '123456789012' }, '123456789012'],
      [{ accessKeyId }, '609629065308'],
      [{ accessKeyId: 'AKIAIOSFODNN7EXAMPLE' }, null],
    ] as const) {
      const { identities } = scripted([{ ...credentials, secretAccessKey: 'x' }], 'a-key');
      assert.equal(identities.accountOf('bedrock-agent'), null, 'nothing is known before they are there');
      await identities.refresh();
      assert.equal(identities.accountOf('bedrock-agent'), account);
      assert.equal(identities.accountOf('bedrock'), null, 'nothing says whose a Bedrock API key is');
    }
  });

  test('nothing is fetched after it was closed', async () => {
    const { identities, loads } = scripted([lasting('FIRST', 60)]);
    await identities.refresh();
    identities.close();
    mock.timers.tick(120 * MINUTE_MS);
    await settle();
    assert.equal(loads(), 1);
  });

  test('a Bedrock API key serves bedrock and bedrock-runtime, and nothing else', async () => {
    const { identities } = scripted([lasting('FIRST')], 'a-key');
    await identities.refresh();
    for (const service of SERVICE_IDS) {
      const expected = service === 'bedrock' || service === 'bedrock-runtime' ? 'bearer' : 'AKIAFIRST';
      assert.equal(idOf(identities.forService(service)), expected, service);
    }
  });
});
