import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { BedrockClient, ListFoundationModelsCommand, ListInferenceProfilesCommand } from '@aws-sdk/client-bedrock';
import { BedrockAgentClient, PrepareAgentCommand } from '@aws-sdk/client-bedrock-agent';
import {
  AgenticRetrieveStreamCommand,
  BedrockAgentRuntimeClient,
  InvokeAgentCommand,
  InvokeFlowCommand,
  InvokeInlineAgentCommand,
  OptimizePromptCommand,
  RerankCommand,
  RetrieveAndGenerateCommand,
  RetrieveAndGenerateStreamCommand,
  RetrieveCommand,
} from '@aws-sdk/client-bedrock-agent-runtime';
import {
  BedrockAgentCoreClient,
  InvokeAgentRuntimeCommandCommand,
  InvokeCodeInterpreterCommand,
  InvokeHarnessCommand,
} from '@aws-sdk/client-bedrock-agentcore';
import {
  BedrockDataAutomationRuntimeClient,
  GetDataAutomationStatusCommand,
} from '@aws-sdk/client-bedrock-data-automation-runtime';
import {
  ApplyGuardrailCommand,
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  CountTokensCommand,
  InvokeGuardrailChecksCommand,
  ThrottlingException,
} from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { SIMULATOR_CREDENTIALS, startSimulator } from '../../simulator/index.ts';
import type { ServiceId, Simulator } from '../../simulator/index.ts';

const MODEL = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const QUESTION = 'What is an outcrop?';
const MESSAGES = [{ role: 'user' as const, content: [{ text: QUESTION }] }];

/** Collects a stream's events; fails when the SDK left the stream out. */
async function collect<Event>(stream: AsyncIterable<Event> | undefined): Promise<Event[]> {
  assert.ok(stream !== undefined);
  const events: Event[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

function bytesText(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

describe('the AWS SDK for JavaScript reads', () => {
  let simulator: Simulator;
  before(async () => {
    simulator = await startSimulator({ unknownHeaders: 'ignore' });
  });
  after(() => simulator.close());

  // The runtime clients speak HTTP/2 unless they are told otherwise; the simulator speaks HTTP/1.1.
  const settings = (service: ServiceId) => ({
    endpoint: simulator.origins[service],
    region: 'us-east-1',
    credentials: SIMULATOR_CREDENTIALS,
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler(),
  });
  const runtime = () => new BedrockRuntimeClient(settings('bedrock-runtime'));
  const agents = () => new BedrockAgentRuntimeClient(settings('bedrock-agent-runtime'));
  const agentcore = () => new BedrockAgentCoreClient(settings('bedrock-agentcore'));

  it('Converse, with counts that follow from the request', async () => {
    const { output, stopReason, usage, metrics } = await runtime().send(
      new ConverseCommand({ modelId: MODEL, messages: MESSAGES }),
    );
    const text = output?.message?.content?.[0]?.text ?? '';
    assert.ok(text.startsWith(`You asked: "${QUESTION}"`));
    assert.equal(stopReason, 'end_turn');
    assert.equal(usage?.inputTokens, Math.ceil(QUESTION.length / 4));
    assert.equal(usage?.outputTokens, Math.ceil(text.length / 4));
    assert.equal(usage?.totalTokens, (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0));
    assert.ok((metrics?.latencyMs ?? 0) > 0);
  });

  it('Converse with a token bound, a cache point, a guardrail trace, a service tier and dictated usage', async () => {
    const { stopReason, usage, trace, serviceTier } = await runtime().send(
      new ConverseCommand({
        modelId: MODEL,
        system: [{ text: 'x'.repeat(400) }, { cachePoint: { type: 'default' } }],
        messages: MESSAGES,
        inferenceConfig: { maxTokens: 5 },
        guardrailConfig: { guardrailIdentifier: 'g1', guardrailVersion: '1', trace: 'enabled' },
        serviceTier: { type: 'flex' },
      }),
    );
    assert.equal(stopReason, 'max_tokens');
    assert.equal(usage?.outputTokens, 5);
    assert.equal(usage?.cacheWriteInputTokens, 100);
    assert.deepEqual(usage?.cacheDetails, [{ ttl: '5m', inputTokens: 100 }]);
    assert.equal(trace?.guardrail?.inputAssessment?.['g1']?.invocationMetrics?.usage?.wordPolicyUnits, 1);
    assert.deepEqual(serviceTier, { type: 'flex' });

    const dictated = await runtime().send(
      new ConverseCommand({
        modelId: MODEL,
        messages: MESSAGES,
        additionalModelRequestFields: { simulator: { usage: { inputTokens: 7, cacheReadInputTokens: 11 } } },
      }),
    );
    assert.equal(dictated.usage?.inputTokens, 7);
    assert.equal(dictated.usage?.cacheReadInputTokens, 11);
  });

  it('ConverseStream: the same text in 20 to 60 events, usage last', async () => {
    const whole = await runtime().send(new ConverseCommand({ modelId: MODEL, messages: MESSAGES }));
    const { stream } = await runtime().send(new ConverseStreamCommand({ modelId: MODEL, messages: MESSAGES }));
    const events = await collect(stream);
    assert.ok(events.length >= 20 && events.length <= 60, String(events.length));
    assert.deepEqual(events[0]?.messageStart, { role: 'assistant' });
    const text = events.map((event) => event.contentBlockDelta?.delta?.text ?? '').join('');
    assert.equal(text, whole.output?.message?.content?.[0]?.text);
    assert.deepEqual(events.at(-1)?.metadata?.usage, whole.usage);
  });

  it('ConverseStream of a size the request dictates', async () => {
    const additionalModelRequestFields = { simulator: { chunks: 100, intervalMs: 1, textBytes: 30 } };
    const { stream } = await runtime().send(
      new ConverseStreamCommand({ modelId: MODEL, messages: MESSAGES, additionalModelRequestFields }),
    );
    const texts = (await collect(stream)).flatMap((event) => event.contentBlockDelta?.delta?.text ?? []);
    assert.equal(texts.length, 100);
    assert.ok(texts.every((text) => text.length === 30));
  });

  it('an exception frame in the middle of a stream as the modelled exception', async () => {
    const fault = simulator.inject({ kind: 'exception-frame', afterFrames: 3, exception: 'throttlingException' });
    const { stream } = await runtime().send(new ConverseStreamCommand({ modelId: MODEL, messages: MESSAGES }));
    await assert.rejects(collect(stream), ThrottlingException);
    fault.clear();
  });

  it('ApplyGuardrail, which blocks one word', async () => {
    const apply = (text: string) =>
      runtime().send(
        new ApplyGuardrailCommand({
          guardrailIdentifier: 'g1',
          guardrailVersion: '1',
          source: 'INPUT',
          content: [{ text: { text } }],
        }),
      );
    const passed = await apply('x'.repeat(1001));
    assert.equal(passed.action, 'NONE');
    assert.equal(passed.usage?.contentPolicyUnits, 2);
    assert.equal(passed.assessments?.[0]?.invocationMetrics?.usage?.topicPolicyUnits, 2);
    const blocked = await apply('Something forbidden');
    assert.equal(blocked.action, 'GUARDRAIL_INTERVENED');
    assert.equal(blocked.outputs?.length, 1);
  });

  it('InvokeGuardrailChecks', async () => {
    const { usage, results } = await runtime().send(
      new InvokeGuardrailChecksCommand({
        messages: [{ role: 'user', content: [{ text: 'x'.repeat(1500) }] }],
        checks: { promptAttack: { categories: [] } },
      }),
    );
    assert.deepEqual(usage, { promptAttack: { textUnits: 2 } });
    assert.deepEqual(results, { promptAttack: { results: [] } });
  });

  it('CountTokens, the count that the request itself is billed', async () => {
    const converse = await runtime().send(
      new CountTokensCommand({ modelId: MODEL, input: { converse: { messages: MESSAGES } } }),
    );
    assert.equal(converse.inputTokens, Math.ceil(QUESTION.length / 4));
    const body = Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: QUESTION }] }));
    const invoke = await runtime().send(new CountTokensCommand({ modelId: MODEL, input: { invokeModel: { body } } }));
    assert.equal(invoke.inputTokens, Math.ceil(QUESTION.length / 4));
  });

  it('a model that does not exist, and a body that is not valid, as the modelled exceptions', async () => {
    await assert.rejects(runtime().send(new ConverseCommand({ modelId: 'unknown.model-v1', messages: MESSAGES })), {
      name: 'ResourceNotFoundException',
    });
    await assert.rejects(runtime().send(new ConverseCommand({ modelId: MODEL, messages: [] })), {
      name: 'ValidationException',
    });
  });

  it('Retrieve, RetrieveAndGenerate and its stream', async () => {
    const retrieved = await agents().send(
      new RetrieveCommand({ knowledgeBaseId: 'KB1', retrievalQuery: { text: QUESTION } }),
    );
    const [best] = retrieved.retrievalResults ?? [];
    assert.match(best?.content?.text ?? '', /outcrop/);
    assert.ok((best?.score ?? 0) > 0);

    const generated = await agents().send(new RetrieveAndGenerateCommand({ input: { text: QUESTION } }));
    assert.ok(generated.output?.text?.includes(QUESTION));
    assert.equal(generated.citations?.length, 1);

    const { stream, sessionId } = await agents().send(
      new RetrieveAndGenerateStreamCommand({ input: { text: QUESTION } }),
    );
    assert.equal(sessionId, generated.sessionId);
    const events = await collect(stream);
    assert.equal(events.map((event) => event.output?.text ?? '').join(''), generated.output?.text);
    assert.equal(events.at(-1)?.citation?.retrievedReferences?.length, 1);
  });

  it('InvokeAgent and InvokeInlineAgent, whose traces add up to what was used', async () => {
    const names = { agentId: 'A1', agentAliasId: 'L1', sessionId: 's1' };
    const silent = await agents().send(new InvokeAgentCommand({ ...names, inputText: QUESTION }));
    assert.equal(silent.sessionId, 's1');
    const silentEvents = await collect(silent.completion);
    assert.ok(silentEvents.every(({ trace }) => trace === undefined));
    const answer = silentEvents.map(({ chunk }) => bytesText(chunk?.bytes)).join('');
    assert.ok(answer.includes(QUESTION));

    const traced = await agents().send(new InvokeAgentCommand({ ...names, inputText: QUESTION, enableTrace: true }));
    const usages = (await collect(traced.completion)).map(
      ({ trace }) =>
        (trace?.trace?.preProcessingTrace ?? trace?.trace?.orchestrationTrace)?.modelInvocationOutput?.metadata?.usage,
    );
    assert.equal(sum(usages.map((usage) => usage?.inputTokens ?? 0)), Math.ceil(QUESTION.length / 4));
    assert.equal(sum(usages.map((usage) => usage?.outputTokens ?? 0)), Math.ceil(answer.length / 4));

    const inline = await agents().send(
      new InvokeInlineAgentCommand({
        sessionId: 's1',
        foundationModel: MODEL,
        instruction: 'Answer as a geologist would, please.',
        inputText: QUESTION,
      }),
    );
    assert.equal((await collect(inline.completion)).map(({ chunk }) => bytesText(chunk?.bytes)).join(''), answer);
  });

  it('InvokeFlow', async () => {
    const { responseStream, executionId } = await agents().send(
      new InvokeFlowCommand({
        flowIdentifier: 'F1',
        flowAliasIdentifier: 'L1',
        enableTrace: true,
        inputs: [{ nodeName: 'Input', nodeOutputName: 'document', content: { document: QUESTION } }],
      }),
    );
    assert.ok(executionId !== undefined);
    const [trace, output, completion] = await collect(responseStream);
    const agentTraces = trace?.flowTraceEvent?.trace?.nodeDependencyTrace?.traceElements?.agentTraces;
    assert.equal(agentTraces?.length, 2);
    assert.match(JSON.stringify(output?.flowOutputEvent?.content?.document), /outcrop/);
    assert.equal(completion?.flowCompletionEvent?.completionReason, 'SUCCESS');
  });

  it('Rerank', async () => {
    const source = (text: string) => ({
      type: 'INLINE' as const,
      inlineDocumentSource: { type: 'TEXT' as const, textDocument: { text } },
    });
    const { results } = await agents().send(
      new RerankCommand({
        queries: [{ type: 'TEXT', textQuery: { text: 'bedrock outcrop' } }],
        sources: [source('a cat'), source('an outcrop of bedrock'), source('bedrock')],
        rerankingConfiguration: {
          type: 'BEDROCK_RERANKING_MODEL',
          bedrockRerankingConfiguration: { numberOfResults: 2, modelConfiguration: { modelArn: 'arn:aws:bedrock' } },
        },
      }),
    );
    assert.deepEqual(
      results?.map(({ index, relevanceScore }) => [index, relevanceScore]),
      [
        [1, 1],
        [2, 0.5],
      ],
    );
  });

  it('AgenticRetrieveStream and OptimizePrompt', async () => {
    const retrieved = await agents().send(
      new AgenticRetrieveStreamCommand({
        messages: [{ role: 'user', content: { text: QUESTION } }],
        retrievers: [],
        agenticRetrieveConfiguration: {},
      }),
    );
    const events = await collect(retrieved.stream);
    assert.ok(events.at(-1)?.result?.generatedResponse?.answer?.includes(QUESTION));

    const optimized = await agents().send(
      new OptimizePromptCommand({ input: { textPrompt: { text: QUESTION } }, targetModelId: MODEL }),
    );
    const prompts = (await collect(optimized.optimizedPrompt)).map(
      (event) => event.optimizedPromptEvent?.optimizedPrompt?.textPrompt?.text,
    );
    assert.equal(prompts.at(-1), `${QUESTION} Answer briefly.`);
  });

  it('the streams of AgentCore', async () => {
    const interpreted = await agentcore().send(
      new InvokeCodeInterpreterCommand({ codeInterpreterIdentifier: 'c1', name: 'executeCode' }),
    );
    const [result] = await collect(interpreted.stream);
    assert.equal(result?.result?.structuredContent?.exitCode, 0);

    const harness = await agentcore().send(
      new InvokeHarnessCommand({ harnessArn: 'arn:aws:x', runtimeSessionId: 's1', messages: MESSAGES }),
    );
    const usage = (await collect(harness.stream)).at(-1)?.metadata?.usage;
    assert.equal(usage?.inputTokens, Math.ceil(QUESTION.length / 4));

    const command = await agentcore().send(
      new InvokeAgentRuntimeCommandCommand({ agentRuntimeArn: 'arn:aws:x', body: { command: 'ls' } }),
    );
    const chunks = (await collect(command.stream)).map(({ chunk }) => chunk);
    assert.equal(chunks[1]?.contentDelta?.stdout, 'ls\n');
    assert.equal(chunks[2]?.contentStop?.exitCode, 0);
  });

  it('the catalogue, in pages', async () => {
    const bedrock = new BedrockClient(settings('bedrock'));
    const { modelSummaries } = await bedrock.send(new ListFoundationModelsCommand({ byProvider: 'amazon' }));
    assert.ok(modelSummaries !== undefined && modelSummaries.length > 2);
    const first = await bedrock.send(new ListInferenceProfilesCommand({ maxResults: 2 }));
    assert.equal(first.inferenceProfileSummaries?.length, 2);
    assert.ok(first.inferenceProfileSummaries?.[0]?.createdAt instanceof Date);
    const rest = await bedrock.send(new ListInferenceProfilesCommand({ nextToken: first.nextToken }));
    const all = await bedrock.send(new ListInferenceProfilesCommand({}));
    assert.deepEqual(
      [...(first.inferenceProfileSummaries ?? []), ...(rest.inferenceProfileSummaries ?? [])],
      all.inferenceProfileSummaries,
    );
    assert.equal(rest.nextToken, undefined);
  });

  it('the echo of every other operation, in both protocols', async () => {
    await new BedrockAgentClient(settings('bedrock-agent')).send(new PrepareAgentCommand({ agentId: 'A1' }));
    assert.equal(simulator.requests().at(-1)?.operation, 'PrepareAgent');
    await new BedrockDataAutomationRuntimeClient(settings('bedrock-data-automation-runtime')).send(
      new GetDataAutomationStatusCommand({ invocationArn: 'arn:aws:x' }),
    );
    const seen = simulator.requests().at(-1);
    assert.equal(seen?.operation, 'GetDataAutomationStatus');
    assert.equal(seen?.status, 200);
    assert.equal(seen?.signature, 'valid');
  });
});
