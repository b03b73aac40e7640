import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createSigner } from '../../src/domain/aws/sigv4/sign.ts';
import type { Resolution } from '../../src/domain/policy/judge-models.ts';
import { parseModelReference } from '../../src/domain/policy/model-reference.ts';
import type { AnswerReceiver, AwsIdentities, Upstream, UpstreamRequest } from '../../src/ports.ts';
import { AwsModelResolver } from '../../src/upstream/model-resolver.ts';
import { createTargets } from '../../src/upstream/targets.ts';

const OWN = 'arn:aws:bedrock:us-east-1:123456789012';
const PROFILE = `${OWN}:application-inference-profile/abc`;
const DEPLOYMENT = `${OWN}:custom-model-deployment/abc`;
const KEY = 'key_1';

interface ScriptedAnswer {
  readonly status?: number;
  readonly body?: unknown;
  readonly fails?: boolean;
  readonly never?: boolean;
  readonly endlessly?: boolean;
}

const IDENTITIES: AwsIdentities = {
  forService: () => ({ kind: 'credentials', credentials: { accessKeyId: 'AKIA1', secretAccessKey: 'x' } }),
  accountOf: () => '123456789012',
};

/** A resolver whose AWS and clock are in the hands of the test. */
function scripted(script: (request: UpstreamRequest) => ScriptedAnswer) {
  const sent: UpstreamRequest[] = [];
  let cancelled = 0;
  let nowMs = 0;
  const upstream: Upstream = {
    send: (request, receiver) => {
      sent.push(request);
      let isCancelled = false;
      setImmediate(() => answer(script(request), receiver, () => isCancelled));
      return () => {
        isCancelled = true;
        cancelled += 1;
      };
    },
  };
  const quiet = (): void => undefined;
  const resolver = new AwsModelResolver({
    upstream,
    targets: createTargets({ endpoint: null, endpoints: {}, fips: false, dualStack: false }),
    identities: IDENTITIES,
    sign: createSigner(),
    clock: { nowMs: () => Date.UTC(2026, 10, 22), elapsedMs: () => nowMs },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    timeoutMs: 30,
  });
  return {
    sent,
    cancelled: () => cancelled,
    pass: (ms: number) => (nowMs += ms),
    /** What it says about one reference. */
    ask: async (text: string, keyId = KEY): Promise<Resolution> => {
      const found = await resolver.resolve([parseModelReference(text)], { region: 'us-east-1', keyId });
      const resolution = found.get(text);
      assert.ok(resolution !== undefined);
      return resolution;
    },
  };
}

function answer(scriptedAnswer: ScriptedAnswer, receiver: AnswerReceiver, isCancelled: () => boolean): void {
  const { status = 200, body = {}, fails, never, endlessly } = scriptedAnswer;
  if (never === true) return;
  if (fails === true) {
    receiver.fail({ kind: 'unreachable', cause: null });
    return;
  }
  receiver.head(status, [], { pause: () => undefined, resume: () => undefined });
  const chunks = endlessly === true ? 1000 : 0;
  for (let sent = 0; sent < chunks && !isCancelled(); sent += 1) receiver.data(Buffer.alloc(65_536));
  if (isCancelled()) return;
  receiver.data(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
  receiver.end();
}

function profileOf(model: string): ScriptedAnswer {
  return { body: { models: [{ modelArn: model }] } };
}

function models(...names: readonly string[]): Resolution {
  return { kind: 'models', models: names };
}

function whyOf(resolution: Resolution): string {
  return resolution.kind === 'unresolvable' ? resolution.why : `resolved to ${resolution.models.join()}`;
}

describe('a question to AWS', () => {
  test('goes signed to the control plane of the region, with nothing of the client in it', async () => {
    const { ask, sent } = scripted(() => profileOf('a.b'));
    assert.deepEqual(await ask(PROFILE), models('a.b'));
    const [request] = sent;
    assert.ok(request !== undefined);
    assert.equal(request.origin, 'https://bedrock.us-east-1.amazonaws.com');
    assert.equal(request.method, 'GET');
    assert.equal(request.path, `/inference-profiles/${encodeURIComponent(PROFILE)}`);
    const names = request.headers.filter((_, index) => index % 2 === 0);
    assert.deepEqual(names, ['host', 'x-amz-date', 'authorization', 'user-agent', 'accept-encoding']);
    assert.match(request.headers.join(' '), /AKIA1\/20261122\/us-east-1\/bedrock\/aws4_request/);
  });

  test('is asked once by all who ask at once', async () => {
    const { ask, sent } = scripted(() => profileOf('a.b'));
    await Promise.all(Array.from({ length: 50 }, (_, index) => ask(PROFILE, `key_${index % 5}`)));
    assert.equal(sent.length, 1);
  });

  test('is given up after its time, and taken back', async () => {
    const { ask, cancelled } = scripted(() => ({ never: true }));
    assert.match(whyOf(await ask(PROFILE)), /can't be asked right now/);
    assert.equal(cancelled(), 1);
  });

  test('is given up when the answer has no end', async () => {
    const { ask, cancelled } = scripted(() => ({ endlessly: true }));
    assert.match(whyOf(await ask(PROFILE)), /can't be asked right now/);
    assert.equal(cancelled(), 1);
  });

  for (const [what, broken] of [
    ['that can not be sent', { fails: true }],
    ['answered by 503', { status: 503 }],
    ['answered by 429', { status: 429 }],
    ['answered by something that is no JSON', { body: '<html>' }],
    ['answered by a redirect', { status: 302 }],
  ] as const) {
    test(`${what} leaves the name unresolvable`, async () => {
      const { ask } = scripted(() => broken);
      assert.equal((await ask(PROFILE)).kind, 'unresolvable');
    });
  }
});

describe('an answer holds', () => {
  test('for seconds where the resource can be changed in place', async () => {
    let model = 'a.b';
    const { ask, pass } = scripted(() => ({ body: { modelArn: model } }));
    assert.deepEqual(await ask(DEPLOYMENT), models('a.b'));
    model = 'c.d';
    pass(9999);
    assert.deepEqual(await ask(DEPLOYMENT), models('a.b'));
    pass(1);
    assert.deepEqual(await ask(DEPLOYMENT), models('c.d'));
  });

  test('for an hour where it can not', async () => {
    const { ask, pass, sent } = scripted(() => profileOf('a.b'));
    await ask(PROFILE);
    pass(3_599_999);
    await ask(PROFILE);
    assert.equal(sent.length, 1);
    pass(1);
    await ask(PROFILE);
    assert.equal(sent.length, 2);
  });

  test('for ten seconds where there is nothing of that name', async () => {
    let status = 404;
    const { ask, pass, sent } = scripted(() => ({ ...profileOf('a.b'), status }));
    assert.equal(whyOf(await ask(PROFILE)), 'AWS does not know it');
    status = 200;
    pass(9999);
    assert.equal(whyOf(await ask(PROFILE)), 'AWS does not know it');
    assert.equal(sent.length, 1);
    pass(1);
    assert.deepEqual(await ask(PROFILE), models('a.b'));
  });

  test('for two seconds where asking failed', async () => {
    let status = 500;
    const { ask, pass } = scripted(() => ({ ...profileOf('a.b'), status }));
    assert.equal((await ask(PROFILE)).kind, 'unresolvable');
    status = 200;
    pass(1999);
    assert.equal((await ask(PROFILE)).kind, 'unresolvable');
    pass(1);
    assert.deepEqual(await ask(PROFILE), models('a.b'));
  });

  test('no longer once AWS no longer knows the name', async () => {
    let status = 200;
    const { ask, pass } = scripted(() => ({ body: { modelArn: 'a.b' }, status }));
    assert.deepEqual(await ask(DEPLOYMENT), models('a.b'));
    status = 404;
    pass(10_000);
    assert.equal(whyOf(await ask(DEPLOYMENT)), 'AWS does not know it');
  });

  test('in its own region only', async () => {
    const { ask, sent } = scripted(() => profileOf('a.b'));
    assert.match(whyOf(await ask('arn:aws:bedrock:us-west-2:123456789012:prompt-router/abc')), /not in us-east-1/);
    assert.match(whyOf(await ask('arn:aws:bedrock:us-east-1:210987654321:prompt-router/abc')), /another account/);
    assert.equal(sent.length, 0);
  });
});

describe('a name that may be several things', () => {
  test('stands for all that is known under it', async () => {
    const { ask } = scripted(({ path }) =>
      path.startsWith('/inference-profiles/')
        ? profileOf('a.b')
        : { body: { modelArn: 'c.d', desiredModelArn: 'c.d' } },
    );
    assert.deepEqual(await ask('abc'), models('a.b', 'c.d'));
  });

  test('is unresolvable while one of them can not be asked about', async () => {
    const { ask } = scripted(({ path }) =>
      path.startsWith('/inference-profiles/') ? profileOf('a.b') : { status: 500 },
    );
    assert.equal((await ask('abc')).kind, 'unresolvable');
  });
});

describe('a key that makes names up', () => {
  test('asks AWS twenty times, then five times a second, and others go on', async () => {
    const { ask, sent, pass } = scripted(() => ({ status: 404 }));
    const guess = (index: number) => ask(`${OWN}:prompt-router/guess${index}`);
    for (let index = 0; index < 40; index += 1) await guess(index);
    assert.equal(sent.length, 20);
    assert.match(whyOf(await guess(41)), /try again in a second/);
    await ask(PROFILE, 'key_2');
    assert.equal(sent.length, 21);
    pass(1000);
    for (let index = 50; index < 60; index += 1) await guess(index);
    assert.equal(sent.length, 26);
  });

  test('pays nothing for what is remembered', async () => {
    const { ask, sent } = scripted(() => profileOf('a.b'));
    for (let count = 0; count < 100; count += 1) assert.deepEqual(await ask(PROFILE), models('a.b'));
    assert.equal(sent.length, 1);
  });

  test('and all keys together keep at most 64 questions open', async () => {
    const { ask, sent } = scripted(() => ({ never: true }));
    await Promise.all(
      Array.from({ length: 200 }, (_, index) => ask(`${OWN}:prompt-router/guess${index}`, `key_${index % 20}`)),
    );
    assert.equal(sent.length, 64);
  });
});
