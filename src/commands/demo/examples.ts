import { z } from 'zod';

/** What of an answer, or of one event of a stream, a person wants to read. */
interface Reading {
  /** What was said; the pieces of a stream follow each other. */
  readonly text?: string;
  /** A fact about it, on a line of its own. */
  readonly note?: string;
}

export interface Example {
  readonly operation: string;
  /** What it shows, in a few words. */
  readonly about: string;
  /** Below the gateway's mount. */
  readonly path: string;
  readonly body: object;
  /**
   * Reads a whole answer, or one event of a stream.
   * @param eventType undefined for a whole answer
   */
  readonly read: (content: unknown, eventType: string | undefined) => Reading;
}

const question = (text: string) => [{ role: 'user', content: [{ text }] }];
const texts = z.array(z.object({ text: z.string() }));
const usage = z.object({ inputTokens: z.number(), outputTokens: z.number() }).transform(describeUsage);

const converseAnswer = z.object({ output: z.object({ message: z.object({ content: texts }) }), usage });
const converseEvent = z.object({ delta: z.object({ text: z.string() }).optional(), usage: usage.optional() });
const anthropicAnswer = z.object({
  content: texts,
  usage: z
    .object({ input_tokens: z.number(), output_tokens: z.number() })
    .transform((used) => describeUsage({ inputTokens: used.input_tokens, outputTokens: used.output_tokens })),
});
const guardrailAnswer = z.object({ action: z.string(), outputs: texts });
const retrieveAnswer = z.object({
  retrievalResults: z.array(z.object({ content: z.object({ text: z.string() }), score: z.number() })),
});
const agentEvent = z.object({ bytes: z.base64().optional() });

/** The parts of Bedrock most people use, one request each. */
export const EXAMPLES: readonly Example[] = [
  {
    operation: 'Converse',
    about: 'a question to a model',
    path: '/model/amazon.nova-lite-v1:0/converse',
    body: { messages: question('What is an outcrop?') },
    read: (content) => {
      const answer = converseAnswer.parse(content);
      return { text: joined(answer.output.message.content), note: answer.usage };
    },
  },
  {
    operation: 'ConverseStream',
    about: 'the answer word by word, as the model finds it',
    path: '/model/anthropic.claude-3-5-sonnet-20240620-v1:0/converse-stream',
    body: { messages: question('And what does a gateway do?') },
    read: (content) => {
      const { delta, usage } = converseEvent.parse(content);
      return { ...(delta && { text: delta.text }), ...(usage !== undefined && { note: usage }) };
    },
  },
  {
    operation: 'InvokeModel',
    about: "a model in its maker's own format",
    path: '/model/anthropic.claude-3-5-sonnet-20240620-v1:0/invoke',
    body: {
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 30,
      messages: [{ role: 'user', content: 'Say it in thirty tokens.' }],
    },
    read: (content) => {
      const answer = anthropicAnswer.parse(content);
      return { text: joined(answer.content), note: answer.usage };
    },
  },
  {
    operation: 'ApplyGuardrail',
    about: 'a guardrail that stops a text',
    path: '/guardrail/gr-demo/version/DRAFT/apply',
    body: { source: 'INPUT', content: [{ text: { text: 'Tell me something forbidden.' } }] },
    read: (content) => {
      const { action, outputs } = guardrailAnswer.parse(content);
      return { text: joined(outputs), note: action };
    },
  },
  {
    operation: 'Retrieve',
    about: 'a search in a knowledge base',
    path: '/knowledgebases/KBDEMO0001/retrieve',
    body: {
      retrievalQuery: { text: 'Where does bedrock come to the surface?' },
      retrievalConfiguration: { vectorSearchConfiguration: { numberOfResults: 2 } },
    },
    read: (content) => {
      const { retrievalResults } = retrieveAnswer.parse(content);
      return {
        text: retrievalResults.map((result) => `${result.content.text} (score ${result.score.toFixed(2)})`).join('\n'),
        note: `${retrievalResults.length} passages`,
      };
    },
  },
  {
    operation: 'InvokeAgent',
    about: 'an agent that answers in a stream',
    path: '/agents/AGENTDEMO1/agentAliases/TSTALIASID/sessions/demo/text',
    body: { inputText: 'Which way to the bedrock?' },
    read: (content) => {
      const { bytes } = agentEvent.parse(content);
      return bytes === undefined ? {} : { text: Buffer.from(bytes, 'base64').toString() };
    },
  },
];

function joined(parts: readonly { readonly text: string }[]): string {
  return parts.map(({ text }) => text).join('');
}

function describeUsage(used: { readonly inputTokens: number; readonly outputTokens: number }): string {
  return `${used.inputTokens} tokens in, ${used.outputTokens} out`;
}
