import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { inputFacts, outputTokensAsked } from '../../../src/domain/usage/request-size.ts';
import { requestFor } from './fixtures.ts';

const CONVERSE = 'bedrock-runtime:Converse';
const INVOKE = 'bedrock-runtime:InvokeModel';
const PROFILE = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc';

const asked: readonly (readonly [operation: string, modelId: string, body: object | string, tokens: number | null])[] =
  [
    [CONVERSE, 'amazon.nova-lite-v1:0', { inferenceConfig: { maxTokens: 300 } }, 300],
    ['bedrock-runtime:ConverseStream', PROFILE, { inferenceConfig: { maxTokens: 300, topP: 1 } }, 300],
    [CONVERSE, 'amazon.nova-lite-v1:0', { inferenceConfig: {} }, null],
    [CONVERSE, 'amazon.nova-lite-v1:0', { inferenceConfig: { maxTokens: '300' } }, null],
    [
      CONVERSE,
      'anthropic.claude-x',
      {
        inferenceConfig: { maxTokens: 300 },
        additionalModelRequestFields: { max_tokens: 900, thinking: { budget_tokens: 200 } },
      },
      900,
    ],
    [CONVERSE, 'openai.gpt-x', { inferenceConfig: { maxTokens: 300 }, additionalModelRequestFields: { n: 4 } }, 1200],
    [
      CONVERSE,
      PROFILE,
      {
        inferenceConfig: { maxTokens: 300 },
        additionalModelRequestFields: { inferenceConfig: { max_new_tokens: 700 } },
      },
      700,
    ],
    [CONVERSE, 'anthropic.claude-x', { max_tokens: 5 }, null],
    [
      INVOKE,
      'us.anthropic.claude-x',
      { anthropic_version: 'v', max_tokens: 32_000, messages: [{ max_tokens: 1 }] },
      32_000,
    ],
    [INVOKE, 'anthropic.claude-v2', { prompt: 'x', max_tokens_to_sample: 200 }, 200],
    [INVOKE, PROFILE, { anthropic_version: 'v', max_tokens: 100 }, 100],
    [INVOKE, PROFILE, { max_tokens: 100 }, null],
    [INVOKE, 'anthropic.claude-x', { max_gen_len: 1 }, null],
    [INVOKE, 'qwen.qwen3-32b-v1:0', { max_gen_len: 1, max_tokens: 10, max_completion_tokens: 20 }, 20],
    [INVOKE, 'openai.gpt-oss-20b-1:0', { max_completion_tokens: 20, n: 3 }, 60],
    [INVOKE, 'openai.gpt-oss-20b-1:0', { max_completion_tokens: 20, n: 'many' }, null],
    [INVOKE, 'us.amazon.nova-pro-v1:0', { inferenceConfig: { maxTokens: 70 } }, 70],
    [INVOKE, 'us.amazon.nova-pro-v1:0', { inferenceConfig: { max_new_tokens: 80 } }, 80],
    [INVOKE, 'us.amazon.nova-pro-v1:0', { max_tokens: 1 }, null],
    [INVOKE, 'amazon.titan-text-express-v1', { textGenerationConfig: { maxTokenCount: 90 } }, 90],
    [INVOKE, 'meta.llama3-8b-instruct-v1:0', { max_gen_len: 512 }, 512],
    [INVOKE, 'mistral.mistral-7b-instruct-v0:2', { max_tokens: 6 }, 6],
    [INVOKE, 'cohere.command-text-v14', { max_tokens: 6, num_generations: 5 }, 30],
    [INVOKE, 'ai21.j2-ultra-v1', { maxTokens: 6, numResults: 2 }, 12],
    [INVOKE, 'ai21.jamba-1-5-mini-v1:0', { max_tokens: 6, n: 2 }, 12],
    [INVOKE, 'amazon.titan-embed-text-v2:0', { inputText: 'x' }, 0],
    [INVOKE, 'cohere.rerank-v3-5:0', { query: 'x' }, 0],
    [INVOKE, 'anthropic.claude-x', '{"max_tokens":1,"max_tokens":32000}', null],
    [INVOKE, 'anthropic.claude-x', '{"max_tokens":1,"max\\u005ftokens":32000}', null],
    [INVOKE, 'anthropic.claude-x', '{"max\\u005ftokens":32000}', 32_000],
    [INVOKE, 'anthropic.claude-x', '{"max_tokens":-1}', null],
    [INVOKE, 'anthropic.claude-x', '{"max_tokens":0}', null],
    [CONVERSE, 'anthropic.claude-x', '{"inferenceConfig":{"maxTokens":64000,"maxTokens":1}}', null],
    [CONVERSE, 'anthropic.claude-x', '{"inferenceConfig":{"maxTokens":64000,"max\\u0054okens":1}}', null],
    [CONVERSE, 'anthropic.claude-x', '{"inferenceConfig":{"maxTokens":9,"stopSequences":["\\":", ":"]}}', 9],
    [
      CONVERSE,
      'anthropic.claude-x',
      '{"inferenceConfig":{"maxTokens":1},"additionalModelRequestFields":{"max_tokens":9},"additionalModelRequestFields":{}}',
      null,
    ],
    [INVOKE, 'amazon.nova-lite-v1:0', '{"inferenceConfig":{"maxTokens":9000,"maxTokens":1}}', null],
    [INVOKE, 'amazon.titan-text-lite-v1', '{"textGenerationConfig":{"maxTokenCount":9000,"maxTokenCount":1}}', null],
    [INVOKE, 'anthropic.claude-x', '{"max_tokens":', null],
    [INVOKE, 'somebody.new-model', { max_tokens: 5 }, null],
    ['bedrock-runtime:CountTokens', 'anthropic.claude-x', {}, 0],
    ['bedrock-runtime:ApplyGuardrail', '', {}, 0],
    ['bedrock-runtime:ListAsyncInvokes', '', {}, 0],
    ['bedrock-agent-runtime:Rerank', '', {}, 0],
    ['bedrock-agent-runtime:InvokeAgent', '', {}, null],
    ['bedrock-runtime:InvokeModelWithBidirectionalStream', 'amazon.nova-sonic-v1:0', {}, null],
  ];

test('the most output a request can lead to by its own word', () => {
  for (const [operation, modelId, body, tokens] of asked) {
    assert.equal(
      outputTokensAsked(requestFor(operation, { modelId, body })),
      tokens,
      `${modelId} ${JSON.stringify(body)}`,
    );
  }
});

const IMAGE = 'A'.repeat(1000);
const media: readonly (readonly [what: string, body: object | string, images: number, documents: number])[] = [
  [
    'Converse',
    {
      messages: [
        {
          content: [
            { text: 'image' },
            { image: { format: 'png', source: { bytes: IMAGE } } },
            { document: { name: 'd', source: { bytes: IMAGE } } },
          ],
        },
      ],
    },
    1,
    1,
  ],
  [
    'Converse, in S3',
    {
      messages: [
        {
          content: [
            { image: { source: { s3Location: { uri: 's3://b/i' } } } },
            { video: { source: { s3Location: { uri: 's3://b/v' } } } },
          ],
        },
      ],
    },
    1,
    1,
  ],
  [
    'Converse, in the result of a tool',
    {
      messages: [
        { content: [{ toolResult: { content: [{ image: { source: { bytes: IMAGE } } }, { json: { a: 1 } }] } }] },
      ],
    },
    1,
    0,
  ],
  [
    'Anthropic',
    {
      messages: [
        {
          content: [
            { type: 'image', source: { type: 'base64', data: IMAGE } },
            { source: { data: IMAGE }, type: 'image' },
            { type: 'document', source: { type: 'url' } },
          ],
        },
      ],
    },
    2,
    1,
  ],
  [
    "OpenAI's shape",
    {
      messages: [
        {
          content: [
            { type: 'image_url', image_url: { url: `data:image/png;base64,${IMAGE}` } },
            { type: 'input_audio', input_audio: { data: IMAGE } },
          ],
        },
      ],
    },
    1,
    2,
  ],
  [
    'names in other spellings',
    '{"messages":[{"content":[{"\\u0069mage":{}},{"typ\\u0065":"\\u0069mage"},{"document" : {}}]}]}',
    2,
    1,
  ],
  [
    'nothing of the kind',
    {
      messages: [
        {
          content: [
            { text: '{"image":{}}, "type":"image"' },
            { toolUse: { input: { image: 'a.png', document: 7, kind: 'image' } } },
          ],
        },
      ],
    },
    0,
    0,
  ],
  [
    'descriptions of tools',
    {
      toolConfig: {
        tools: [
          {
            toolSpec: {
              inputSchema: { json: { properties: { document: { type: 'string' }, image: { type: 'object' } } } },
            },
          },
        ],
      },
      tools: [{ input_schema: { properties: { video: {} } } }],
    },
    0,
    0,
  ],
];

test('images and documents are counted wherever a model would see them', () => {
  for (const [what, body, images, documents] of media) {
    const facts = inputFacts(requestFor(CONVERSE, { body }));
    assert.deepEqual([facts.images, facts.documents], [images, documents], what);
  }
});

test('images given as texts are images, not text', () => {
  const images = [IMAGE, IMAGE, 'x'];
  const body = { prompt: '<|image|>', images, max_gen_len: 9 };
  const facts = inputFacts(requestFor(INVOKE, { modelId: 'us.meta.llama3-2-11b-instruct-v1:0', body }));
  assert.deepEqual([facts.images, facts.textBytes], [3, '{"prompt":"<|image|>","images":,"max_gen_len":9}'.length]);
  const mixed = inputFacts(requestFor(INVOKE, { body: { images: [IMAGE, { text: IMAGE }] } }));
  assert.ok(mixed.images === 1 && mixed.textBytes > 2 * IMAGE.length);
  const inside = inputFacts(requestFor(CONVERSE, { body: { messages: [{ images }] } }));
  assert.ok(inside.images === 0 && inside.textBytes > 2 * IMAGE.length);
});

test('how many inputs have a context window each', () => {
  const inputs = (modelId: string, body: object | string, operation = INVOKE): number | null =>
    inputFacts(requestFor(operation, { modelId, body })).inputs;
  const texts = Array.from({ length: 96 }, () => 'text');
  assert.equal(inputs('cohere.embed-english-v3', { texts, input_type: 'search_query' }), 96);
  assert.equal(inputs(PROFILE, { texts }), 96);
  assert.equal(inputs('cohere.embed-v4:0', { inputs: [{ content: [] }, { content: [] }], texts: ['a'] }), 3);
  assert.equal(inputs('cohere.embed-english-v3', { images: [IMAGE] }), 1);
  assert.equal(inputs('amazon.titan-embed-text-v2:0', { inputText: 'x' }), 1);
  assert.equal(inputs('cohere.embed-english-v3', '{"texts":["a","b"],"texts":["c"]}'), null);
  assert.equal(inputs('cohere.embed-english-v3', { others: texts }), null);
  assert.equal(inputs(PROFILE, { others: texts }), null);
  assert.equal(inputs(PROFILE, { anthropic_version: 'v', messages: [] }), 1);
  assert.equal(inputs('anthropic.claude-x', { texts }), 1);
  assert.equal(inputs(PROFILE, { texts }, CONVERSE), 1);
});

test('bytes of images are no text, those of anything else are', () => {
  const textBytes = (body: object): number => inputFacts(requestFor(CONVERSE, { body })).textBytes;
  const image = { image: { format: 'png', source: { bytes: IMAGE } } };
  assert.equal(
    textBytes({ messages: [{ content: [image, { text: 'abc' }] }] }),
    '{"messages":[{"content":[{"image":},{"text":"abc"}]}]}'.length,
  );
  const typed = { type: 'image', source: { data: IMAGE } };
  assert.equal(textBytes({ messages: [{ content: [typed] }] }), '{"messages":[{"content":[]}]}'.length);
  assert.ok(textBytes({ messages: [{ content: [{ document: { source: { bytes: IMAGE } } }] }] }) > IMAGE.length);
});

test('what may be read as text after all is counted as text', () => {
  const hidden: readonly (object | string)[] = [
    { messages: [{ content: [{ toolUse: { input: { image: { text: IMAGE } } } }] }] },
    { messages: [{ content: [{ toolResult: { content: [{ json: { type: 'image', text: IMAGE } }] } }] }] },
    `{"messages":[{"content":[{"type":"image","type":"text","text":"${IMAGE}"}]}]}`,
    `{"messages":[{"content":[{"type":"text","type":"image","text":"${IMAGE}"}]}]}`,
  ];
  for (const body of hidden)
    assert.ok(inputFacts(requestFor(CONVERSE, { body })).textBytes > IMAGE.length, JSON.stringify(body).slice(0, 80));
});

test('a body cut into windows has the same media as one that is not', () => {
  const filler = 'x'.repeat(256 * 1024 - 200);
  for (let shift = 0; shift < 400; shift++) {
    const body = {
      messages: [
        {
          content: [
            { text: filler + 'y'.repeat(shift) },
            { image: { source: { bytes: IMAGE } } },
            { type: 'document' },
          ],
        },
      ],
    };
    const facts = inputFacts(requestFor(CONVERSE, { body }));
    assert.deepEqual([facts.images, facts.documents], [1, 1], `shifted by ${shift}`);
    assert.equal(facts.textBytes, JSON.stringify(body).length - JSON.stringify({ source: { bytes: IMAGE } }).length);
  }
});

test('whether the model reads more than the request holds', () => {
  const holdsAll = (operation: string, modelId: string | null, body: object): boolean =>
    inputFacts(requestFor(operation, { modelId, body })).selfContained;
  assert.equal(
    holdsAll(CONVERSE, 'amazon.nova-lite-v1:0', { toolConfig: { tools: [{ toolSpec: { name: 'a' } }] } }),
    true,
  );
  assert.equal(holdsAll('bedrock-runtime:CountTokens', 'amazon.nova-lite-v1:0', {}), true);
  assert.equal(holdsAll(CONVERSE, 'arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ:1', {}), false);
  assert.equal(
    holdsAll(CONVERSE, 'amazon.nova-premier-v1:0', {
      toolConfig: { tools: [{ systemTool: { name: 'nova_grounding' } }] },
    }),
    false,
  );
  assert.equal(holdsAll(INVOKE, 'openai.gpt-x', { previous_response_id: 'r' }), false);
  assert.equal(holdsAll('bedrock-agent-runtime:InvokeAgent', null, {}), false);
  assert.equal(holdsAll('bedrock-agent-runtime:RetrieveAndGenerate', null, {}), false);
});

test('sizes of any body are told, and never more images bytes than there are', () => {
  const names = ['image', 'type', 'document', 'input', 'json', 'tools', 'image_url', 'x'];
  const anyTree = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<unknown>('image', 'document', 'text', 1, null),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names), tie('tree'), { maxKeys: 3 }),
    ),
  })).tree;
  const isBounded = fc.property(
    fc.oneof(
      anyTree.map((tree) => JSON.stringify(tree)),
      fc.string(),
    ),
    (body) => {
      const { textBytes, images, documents } = inputFacts(requestFor(CONVERSE, { body }));
      assert.ok(textBytes >= 0 && textBytes <= Buffer.byteLength(body));
      assert.ok(images >= 0 && documents >= 0);
      outputTokensAsked(requestFor(INVOKE, { modelId: 'anthropic.claude-x', body }));
    },
  );
  fc.assert(isBounded, { numRuns: 10_000 });
});
