import { agentReader, evaluateReader, flowReader, harnessReader } from './agent-usage.ts';
import { converseReader, converseStreamReader } from './converse-usage.ts';
import { isFree } from './free-operations.ts';
import { applyGuardrailReader, guardrailChecksReader } from './guardrail-usage.ts';
import { invokeStreamReader } from './invoke-stream-usage.ts';
import { invokeReader } from './invoke-usage.ts';
import type { MeteredRequest } from './metered-request.ts';
import { asyncUsage, queryUsage, rerankUsage } from './request-usage.ts';
import { fixedReader } from './usage-reader.ts';
import type { UsageReader } from './usage-reader.ts';
import type { Usage } from './usage.ts';
import { UNKNOWN_USAGE } from './usage.ts';

/** Nothing was used, or nothing that costs. */
export const FREE_USAGE: Usage = {
  lines: [],
  source: 'free',
  complete: true,
  serviceTier: null,
  latencyOptimized: false,
};

type ReaderOf = (request: MeteredRequest, headers: readonly string[]) => UsageReader;

/** Every operation of which anything is known but that it is free. */
const READERS: ReadonlyMap<string, ReaderOf> = new Map<string, ReaderOf>([
  ['bedrock-runtime:Converse', converseReader],
  ['bedrock-runtime:ConverseStream', converseStreamReader],
  ['bedrock-runtime:InvokeModel', invokeReader],
  ['bedrock-runtime:InvokeModelWithResponseStream', invokeStreamReader],
  ['bedrock-runtime:InvokeModelWithBidirectionalStream', invokeStreamReader],
  ['bedrock-runtime:StartAsyncInvoke', (request) => fixedReader(asyncUsage(request))],
  ['bedrock-runtime:ApplyGuardrail', applyGuardrailReader],
  ['bedrock-runtime:InvokeGuardrailChecks', guardrailChecksReader],
  ['bedrock-agent-runtime:InvokeAgent', agentReader],
  ['bedrock-agent-runtime:InvokeInlineAgent', agentReader],
  ['bedrock-agent-runtime:InvokeFlow', flowReader],
  ['bedrock-agent-runtime:Rerank', (request) => fixedReader(rerankUsage(request))],
  ['bedrock-agent-runtime:Retrieve', () => fixedReader(queryUsage())],
  ['bedrock-agent-runtime:GenerateQuery', () => fixedReader(queryUsage())],
  ['bedrock-agentcore:InvokeHarness', harnessReader],
  ['bedrock-agentcore:Evaluate', evaluateReader],
]);

/**
 * Who will say what a call used, made when the head of its answer is there. An answer of AWS that is an error used
 * nothing. Where neither answer nor request tells, usage is unknown, never zero.
 *
 * @param headers of the answer: alternating raw names and values
 */
export function createUsageReader(request: MeteredRequest, status: number, headers: readonly string[]): UsageReader {
  if (status < 200 || status > 299) return fixedReader(FREE_USAGE);
  const { operation } = request;
  const readerOf = READERS.get(operation.qualifiedName);
  if (readerOf !== undefined) return readerOf(request, headers);
  return fixedReader(isFree(operation) ? FREE_USAGE : UNKNOWN_USAGE);
}
