import { billOf, present, type Quantities } from './bills.ts';

/** Calls as clients make them, each with what Bedrock will say that it used and what that costs. */

export type Random = (below: number) => number;

/** One call. The simulator says what it is told to, so what it said is known before. */
export interface PlannedCall {
  readonly operation: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: string;
  /** What Bedrock charges for when it answers to the end. */
  readonly used: Quantities;
  /** Nano-dollars; null where nobody says what was used, or the test knows no price. */
  readonly costNanos: bigint | null;
  /** Whether the simulator can be told how fast to answer. */
  readonly paced: boolean;
}

/** How the simulator answers a call, where it can be told. */
export interface Pacing {
  readonly delayMs?: number;
  readonly intervalMs?: number;
  readonly chunks?: number;
  readonly textBytes?: number;
}

/** @param inputTokensMax of which as much again may come from, and go to, a cache */
type Plan = (random: Random, pacing: Pacing, inputTokensMax: number) => PlannedCall;

const HAIKU = 'anthropic.claude-3-haiku-20240307-v1:0';
const SONNET = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
const MICRO = 'amazon.nova-micro-v1:0';
const LITE = 'amazon.nova-lite-v1:0';
const LLAMA = 'meta.llama3-3-70b-instruct-v1:0';
const TITAN = 'amazon.titan-text-express-v1';
const TITAN_EMBED = 'amazon.titan-embed-text-v2:0';
const COHERE_EMBED = 'cohere.embed-multilingual-v3';
const RERANK = 'cohere.rerank-v3-5:0';
const RERANK_ARN = `arn:aws:bedrock:us-east-1::foundation-model/${RERANK}`;

/** What the request asks to be told, as the simulator takes it. */
interface Dictated {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadInputTokens?: number;
  readonly cacheWriteInputTokens?: number;
  readonly cacheWrite1hInputTokens?: number;
}

function usedOf(told: Dictated): Quantities {
  const written1h = told.cacheWrite1hInputTokens ?? 0;
  return present({
    inputTokens: told.inputTokens,
    outputTokens: told.outputTokens,
    cacheReadTokens: told.cacheReadInputTokens ?? 0,
    cacheWrite5mTokens: (told.cacheWriteInputTokens ?? 0) - written1h,
    cacheWrite1hTokens: written1h,
  });
}

type Tell = (random: Random, inputTokensMax: number) => Dictated;

const OUTPUT_TOKENS_MAX = 4000;

const plainTokens: Tell = (random, inputTokensMax) => ({
  inputTokens: 1 + random(inputTokensMax),
  outputTokens: 1 + random(OUTPUT_TOKENS_MAX),
});

const cachedTokens: Tell = (random, inputTokensMax) => ({
  ...plainTokens(random, inputTokensMax),
  cacheReadInputTokens: random(inputTokensMax),
  cacheWriteInputTokens: random(inputTokensMax),
});

const sonnetTokens: Tell = (random, inputTokensMax) => {
  const told = cachedTokens(random, inputTokensMax);
  return { ...told, cacheWrite1hInputTokens: random((told.cacheWriteInputTokens ?? 0) + 1) };
};

const MODELS_OF_CONVERSE: readonly (readonly [model: string, tell: Tell])[] = [
  [MICRO, cachedTokens],
  [LITE, cachedTokens],
  [HAIKU, cachedTokens],
  [SONNET, sonnetTokens],
  [LLAMA, plainTokens],
];

function modelPath(model: string, action: string): string {
  return `/bedrock/model/${encodeURIComponent(model)}/${action}`;
}

function post(
  operation: string,
  path: string,
  body: object,
  bill: Pick<PlannedCall, 'used' | 'costNanos'>,
  paced = false,
): PlannedCall {
  return { operation, method: 'POST', path, body: JSON.stringify(body), ...bill, paced };
}

function modelBill(model: string, told: Dictated): Pick<PlannedCall, 'used' | 'costNanos'> {
  const used = usedOf(told);
  return { used, costNanos: billOf(model, used) };
}

function converse(operation: 'Converse' | 'ConverseStream'): Plan {
  return (random, pacing, inputTokensMax) => {
    const [model, tell] = one(random, MODELS_OF_CONVERSE);
    const told = tell(random, inputTokensMax);
    const body = {
      messages: [{ role: 'user', content: [{ text: 'What is an outcrop?' }] }],
      inferenceConfig: { maxTokens: OUTPUT_TOKENS_MAX },
      additionalModelRequestFields: { simulator: { ...pacing, usage: told } },
    };
    const action = operation === 'Converse' ? 'converse' : 'converse-stream';
    return post(operation, modelPath(model, action), body, modelBill(model, told), true);
  };
}

interface Family {
  readonly model: string;
  readonly body: object;
  readonly tell: Tell;
}

const FAMILIES: readonly Family[] = [
  {
    model: HAIKU,
    body: {
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: OUTPUT_TOKENS_MAX,
      messages: [{ role: 'user', content: 'Hi' }],
    },
    tell: cachedTokens,
  },
  {
    model: SONNET,
    body: {
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: OUTPUT_TOKENS_MAX,
      messages: [{ role: 'user', content: 'Hi' }],
    },
    tell: sonnetTokens,
  },
  {
    model: LITE,
    body: {
      messages: [{ role: 'user', content: [{ text: 'Hi' }] }],
      inferenceConfig: { maxTokens: OUTPUT_TOKENS_MAX },
    },
    tell: cachedTokens,
  },
  { model: LLAMA, body: { prompt: 'Hi', max_gen_len: OUTPUT_TOKENS_MAX }, tell: plainTokens },
  {
    model: TITAN,
    body: { inputText: 'Hi', textGenerationConfig: { maxTokenCount: OUTPUT_TOKENS_MAX } },
    tell: plainTokens,
  },
];

function invoke(operation: 'InvokeModel' | 'InvokeModelWithResponseStream'): Plan {
  return (random, pacing, inputTokensMax) => {
    const { model, body, tell } = one(random, FAMILIES);
    const told = tell(random, inputTokensMax);
    const action = operation === 'InvokeModel' ? 'invoke' : 'invoke-with-response-stream';
    const asked = { ...body, simulator: { ...pacing, usage: told } };
    return post(operation, modelPath(model, action), asked, modelBill(model, told), true);
  };
}

const embed: Plan = (random, pacing, inputTokensMax) => {
  const told = { inputTokens: 1 + random(inputTokensMax), outputTokens: 0 };
  const simulator = { delayMs: pacing.delayMs ?? 0, usage: told };
  const [model, body] =
    random(2) === 0
      ? [TITAN_EMBED, { inputText: 'bedrock', dimensions: 256, simulator }]
      : [COHERE_EMBED, { texts: ['bedrock'], input_type: 'search_query', simulator }];
  return post('InvokeModel', modelPath(model, 'invoke'), body, modelBill(model, told), true);
};

const DOCUMENTS_PER_QUERY = 100;

const rerank: Plan = (random) => {
  const count = 1 + random(230);
  const used = { searchQueries: Math.ceil(count / DOCUMENTS_PER_QUERY) };
  const bill = { used, costNanos: billOf(RERANK, used) };
  if (random(2) === 0) {
    const documents = Array.from({ length: count }, (_, index) => `passage ${index}`);
    return post('InvokeModel', modelPath(RERANK, 'invoke'), { documents, query: 'passage', api_version: 2 }, bill);
  }
  const sources = Array.from({ length: count }, (_, index) => ({
    type: 'INLINE',
    inlineDocumentSource: { type: 'TEXT', textDocument: { text: `passage ${index}` } },
  }));
  const rerankingConfiguration = {
    type: 'BEDROCK_RERANKING_MODEL',
    bedrockRerankingConfiguration: { modelConfiguration: { modelArn: RERANK_ARN }, numberOfResults: 3 },
  };
  const queries = [{ type: 'TEXT', textQuery: { text: 'passage' } }];
  return post('Rerank', '/bedrock/rerank', { queries, sources, rerankingConfiguration }, bill);
};

const CHARACTERS_PER_UNIT = 1000;

const guardrail: Plan = (random) => {
  const length = 1 + random(5000);
  const units = Math.ceil(length / CHARACTERS_PER_UNIT);
  const images = random(3);
  const content = [
    { text: { text: 'x'.repeat(length) } },
    ...Array.from({ length: images }, () => ({ image: { format: 'png', source: { bytes: 'aGk=' } } })),
  ];
  const used = present({
    topicPolicyUnits: units,
    contentPolicyUnits: units,
    contentPolicyImageUnits: images,
    wordPolicyUnits: units,
    sensitiveInformationPolicyUnits: units,
    sensitiveInformationPolicyFreeUnits: units,
  });
  const bill = { used, costNanos: billOf('guardrail', used) };
  return post('ApplyGuardrail', '/bedrock/guardrail/gr1/version/1/apply', { source: 'INPUT', content }, bill);
};

/** The simulator's agents ask Claude 3 Haiku. */
const agent: Plan = (random, { delayMs = 0, intervalMs = 0 }, inputTokensMax) => {
  const told = plainTokens(random, inputTokensMax);
  // A trace repeats the model's answer; of one longer than 64 KiB the gateway does not read what was used, and says so.
  const pacing = { delayMs, intervalMs, chunks: 1 + random(5) };
  const body = { inputText: 'Hi', enableTrace: true, simulator: { ...pacing, usage: told } };
  if (random(2) === 0) {
    const path = '/bedrock/agents/AGENT00001/agentAliases/ALIAS00001/sessions/s1/text';
    return post('InvokeAgent', path, body, modelBill(HAIKU, told), true);
  }
  const inline = { ...body, foundationModel: LITE, instruction: 'Answer as a geologist would, please.' };
  return post('InvokeInlineAgent', '/bedrock/agents/s1', inline, modelBill(LITE, told), true);
};

/** Without traces nobody says what an agent used: that is unknown, and not nothing. */
const silentAgent: Plan = (_random, pacing) =>
  post(
    'InvokeAgent',
    '/bedrock/agents/AGENT00001/agentAliases/ALIAS00001/sessions/s1/text',
    { inputText: 'Hi', simulator: pacing },
    { used: {}, costNanos: null },
    true,
  );

const retrieve: Plan = () =>
  post(
    'Retrieve',
    '/bedrock/knowledgebases/KB00000001/retrieve',
    { retrievalQuery: { text: 'bedrock' } },
    { used: { requests: 1 }, costNanos: null },
  );

const FREE = { used: {}, costNanos: 0n };

const countTokens: Plan = () =>
  post(
    'CountTokens',
    modelPath(HAIKU, 'count-tokens'),
    { input: { converse: { messages: [{ role: 'user', content: [{ text: 'How many?' }] }] } } },
    FREE,
  );

const listModels: Plan = () => ({
  operation: 'ListFoundationModels',
  method: 'GET',
  path: '/bedrock/foundation-models',
  body: '',
  ...FREE,
  paced: false,
});

/** How often each is made, of all of them together. */
type Mix = readonly (readonly [share: number, plan: Plan])[];

/** Everything that is measured in one way or another. */
export const EVERYTHING: Mix = [
  [22, converse('Converse')],
  [18, converse('ConverseStream')],
  [16, invoke('InvokeModel')],
  [16, invoke('InvokeModelWithResponseStream')],
  [6, embed],
  [4, rerank],
  [5, guardrail],
  [4, agent],
  [1, silentAgent],
  [1, retrieve],
  [3, countTokens],
  [4, listModels],
];

/** What can be bounded before, so that it may run under a hard budget. */
export const BOUNDED: Mix = [
  [30, converse('Converse')],
  [30, converse('ConverseStream')],
  [15, invoke('InvokeModel')],
  [20, invoke('InvokeModelWithResponseStream')],
  [5, embed],
];

/** Streams alone. */
export const STREAMS: Mix = [
  [1, converse('ConverseStream')],
  [1, invoke('InvokeModelWithResponseStream')],
];

/** Far more than these short requests can have: what the simulator says is believed, as Bedrock is. */
const INPUT_TOKENS_MAX = 40_000;

/** With no more input tokens than these bodies have bytes, so that what is reserved for them is enough. */
export const HONEST_INPUT_TOKENS_MAX = 500;

export function planCall(
  random: Random,
  mix: Mix,
  pacing: Pacing = {},
  inputTokensMax = INPUT_TOKENS_MAX,
): PlannedCall {
  let left = random(mix.reduce((sum, [share]) => sum + share, 0));
  for (const [share, plan] of mix) {
    if (left < share) return plan(random, pacing, inputTokensMax);
    left -= share;
  }
  throw new Error('A mix has no plan.');
}

export function one<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[random(items.length)];
  if (item === undefined) throw new Error('There is nothing to choose from.');
  return item;
}
