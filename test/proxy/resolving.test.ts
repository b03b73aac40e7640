import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

const OWN = 'arn:aws:bedrock:us-east-1:123456789012';
const CLAUDE = 'arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0';
const CLAUDE_WEST = 'arn:aws:bedrock:us-west-2::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0';
const NOVA = 'arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0';

const GOOD_PROFILE = `${OWN}:application-inference-profile/good`;
const BAD_PROFILE = `${OWN}:application-inference-profile/bad`;
const WIDE_PROFILE = `${OWN}:application-inference-profile/wide`;
const GOOD_ROUTER = `${OWN}:prompt-router/good`;
const BAD_ROUTER = `${OWN}:prompt-router/bad`;
const BAD_FALLBACK = `${OWN}:prompt-router/fallback`;
const CUSTOM = `${OWN}:custom-model/anthropic.claude-3-haiku/abc`;
const IMPORTED = `${OWN}:imported-model/abc`;
const PROMPT = `${OWN}:prompt/PROMPT1234`;
const AGENT_PROMPT = `${OWN}:prompt/AGENT12345`;
const PROVISIONED = `${OWN}:provisioned-model/good`;
const LEAVING = `${OWN}:provisioned-model/leaving`;
const DEPLOYMENT = `${OWN}:custom-model-deployment/good`;

function router(models: readonly string[], fallback: string) {
  return { models: models.map((modelArn) => ({ modelArn })), fallbackModel: { modelArn: fallback } };
}

const RESOURCES: readonly (readonly [operation: string, name: string, answer: Readonly<Record<string, unknown>>])[] = [
  ['GetInferenceProfile', GOOD_PROFILE, { models: [{ modelArn: CLAUDE }] }],
  ['GetInferenceProfile', 'good', { models: [{ modelArn: CLAUDE }] }],
  ['GetInferenceProfile', 'twofold', { models: [{ modelArn: CLAUDE }] }],
  ['GetInferenceProfile', BAD_PROFILE, { models: [{ modelArn: NOVA }] }],
  ['GetInferenceProfile', WIDE_PROFILE, { models: [{ modelArn: CLAUDE }, { modelArn: CLAUDE_WEST }] }],
  ['GetPromptRouter', GOOD_ROUTER, router([CLAUDE, GOOD_PROFILE], CLAUDE)],
  ['GetPromptRouter', BAD_ROUTER, router([CLAUDE, NOVA], CLAUDE)],
  ['GetPromptRouter', BAD_FALLBACK, router([CLAUDE], NOVA)],
  ['GetCustomModel', CUSTOM, { baseModelArn: CLAUDE }],
  ['GetProvisionedModelThroughput', PROVISIONED, { modelArn: CUSTOM, desiredModelArn: CLAUDE }],
  ['GetProvisionedModelThroughput', LEAVING, { modelArn: CLAUDE, desiredModelArn: NOVA }],
  ['GetProvisionedModelThroughput', 'twofold', { modelArn: NOVA, desiredModelArn: NOVA }],
  ['GetCustomModelDeployment', DEPLOYMENT, { modelArn: CUSTOM }],
  ['GetImportedModel', IMPORTED, { modelArchitecture: 'claude' }],
  ['GetPrompt', PROMPT, { version: 'DRAFT', variants: [{ modelId: GOOD_ROUTER }] }],
  ['GetPrompt', `${PROMPT}:2`, { version: '2', variants: [{ modelId: 'amazon.nova-lite-v1:0' }] }],
  ['GetPrompt', AGENT_PROMPT, { version: 'DRAFT', variants: [{ genAiResource: { agent: { agentIdentifier: 'x' } } }] }],
];

const ROWS: readonly (readonly [what: string, name: string, refused: RegExp | null])[] = [
  ['a profile of an allowed model', GOOD_PROFILE, null],
  ['a profile by its id', 'good', null],
  [
    'a profile of another model',
    BAD_PROFILE,
    /nova-lite.*application-inference-profile\/bad.*Allowed: anthropic\.claude-\*/,
  ],
  ['a profile nobody has', `${OWN}:application-inference-profile/none`, /AWS does not know it/],
  ['an id of a profile and of a provisioned model that differ', 'twofold', /nova-lite/],
  ['an id nobody has', 'none', /AWS does not know it/],
  [
    'a profile of another region',
    'arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/x',
    /AWS does not know it/,
  ],
  ['a router all of whose models are allowed', GOOD_ROUTER, null],
  ['a router with one model that is not', BAD_ROUTER, /nova-lite/],
  ['a router that falls back to one that is not', BAD_FALLBACK, /nova-lite/],
  ['a custom model of an allowed one', CUSTOM, null],
  ['a provisioned custom model', PROVISIONED, null],
  ['a provisioned model that is becoming another', LEAVING, /nova-lite/],
  ['a deployed custom model', DEPLOYMENT, null],
  ['an imported model', IMPORTED, /AWS does not tell which model it is/],
  ['a prompt for a router for a profile', PROMPT, null],
  ['a version of that prompt with another model', `${PROMPT}:2`, /nova-lite/],
  ['a prompt for an agent', AGENT_PROMPT, /does not tell every model/],
];

let folder: string;
let outcrop: TestGateway;
before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'outcrop-resolving-'));
  outcrop = await startTestGateway({ env: { OUTCROP_DATA_DIR: folder } });
  for (const resource of RESOURCES) outcrop.simulator.setResource(...resource);
});
beforeEach(() => {
  outcrop.simulator.clearFaults();
  outcrop.simulator.clearRequests();
});
after(async () => {
  await outcrop.close();
  rmSync(folder, { recursive: true });
});

async function newKey(facts: object): Promise<string> {
  const answer = await fetch(`${outcrop.origin}/key/generate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${MASTER_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(facts),
  });
  const made: unknown = await answer.json();
  assert.ok(typeof made === 'object' && made !== null && 'key' in made && typeof made.key === 'string');
  return made.key;
}

/** @returns status and text of the answer */
async function converse(key: string, model: string): Promise<readonly [status: number, text: string]> {
  const answer = await fetch(`${outcrop.origin}/bedrock/model/${encodeURIComponent(model)}/converse`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'Hi' }] }] }),
  });
  return [answer.status, await answer.text()];
}

/** Names of the operations Bedrock was asked for. */
function asked(): (string | undefined)[] {
  return outcrop.simulator.requests().map(({ operation }) => operation);
}

describe('a key that may use anthropic.claude-*', () => {
  for (const [what, name, refused] of ROWS) {
    test(`${refused === null ? 'may' : 'may not'} use ${what}`, async () => {
      const key = await newKey({ models: ['anthropic.claude-*'] });
      const [status, text] = await converse(key, name);
      assert.equal(status, refused === null ? 200 : 403, text);
      if (refused !== null) assert.match(text, refused);
      assert.equal(asked().includes('Converse'), refused === null);
      assert.ok(outcrop.simulator.requests().every(({ signature }) => signature === 'valid'));
    });
  }

  test('asks AWS once, however many of its requests come at once', async () => {
    const profile = `${OWN}:application-inference-profile/crowd`;
    outcrop.simulator.setResource('GetInferenceProfile', profile, { models: [{ modelArn: CLAUDE }] });
    outcrop.simulator.inject({ operation: 'GetInferenceProfile', kind: 'delay', delayMs: 50 });
    const keys = await Promise.all([1, 2, 3].map(() => newKey({ models: ['anthropic.claude-*'] })));
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, index) => converse(keys[index % 3] ?? '', profile)),
    );
    assert.deepEqual(new Set(answers.map(([status]) => status)), new Set([200]));
    assert.equal(asked().filter((name) => name === 'GetInferenceProfile').length, 1);
  });

  test('is refused with the reason, not told to repeat it, while the control plane is down', async () => {
    const key = await newKey({ models: ['anthropic.claude-*'] });
    outcrop.simulator.inject({
      operation: 'GetInferenceProfile',
      kind: 'error',
      status: 500,
      exception: 'InternalServerException',
    });
    const [status, text] = await converse(key, `${OWN}:application-inference-profile/down`);
    assert.equal(status, 403);
    assert.match(text, /bedrock:GetInferenceProfile of AWS can't be asked right now/);
    assert.deepEqual(asked(), ['GetInferenceProfile']);
    assert.ok(outcrop.logged.some(({ level, message }) => level === 'warn' && message.includes('can not be resolved')));
  });

  test('is told when the gateway itself may not ask', async () => {
    const key = await newKey({ models: ['anthropic.claude-*'] });
    outcrop.simulator.inject({
      operation: 'GetPromptRouter',
      kind: 'error',
      status: 403,
      exception: 'AccessDeniedException',
    });
    const [status, text] = await converse(key, `${OWN}:prompt-router/unreadable`);
    assert.equal(status, 403);
    assert.match(text, /AWS identity may not call bedrock:GetPromptRouter/);
  });
});

describe('nothing is asked', () => {
  test('for a key without a list of models', async () => {
    const [status] = await converse(await newKey({}), BAD_PROFILE);
    assert.equal(status, 200);
    assert.deepEqual(asked(), ['Converse']);
  });
  test('about what a list names itself', async () => {
    const [status] = await converse(await newKey({ models: [IMPORTED, BAD_PROFILE] }), IMPORTED);
    assert.equal(status, 200);
    assert.deepEqual(asked(), ['Converse']);
  });
  test('about a resource in another region than the body’s request goes to', async () => {
    const key = await newKey({ models: ['anthropic.claude-*'] });
    const elsewhere = 'arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/x';
    const answer = await fetch(`${outcrop.origin}/bedrock/retrieveAndGenerate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        input: { text: 'Hi' },
        retrieveAndGenerateConfiguration: {
          type: 'KNOWLEDGE_BASE',
          knowledgeBaseConfiguration: { knowledgeBaseId: 'KB12345678', modelArn: elsewhere },
        },
      }),
    });
    assert.equal(answer.status, 403);
    assert.match(await answer.text(), /not in us-east-1/);
    assert.deepEqual(asked(), []);
  });
});

test('a profile that reaches into another region is refused to a key of one region', async () => {
  const key = await newKey({ allowed_regions: ['us-east-1'] });
  assert.equal((await converse(key, GOOD_PROFILE))[0], 200);
  const [status, text] = await converse(key, WIDE_PROFILE);
  assert.equal(status, 403);
  assert.match(text, /us-west-2/);
});
