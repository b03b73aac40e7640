import { EventReader, ObjectReader, planOf } from './reader-kinds.ts';
import { listAt, objectAt, parseObject, textAt } from './json-shapes.ts';
import type { JsonObject } from './json-shapes.ts';
import type { MeteredRequest } from './metered-request.ts';
import { otherThan } from './request-usage.ts';
import { addTokens, converseCounts, tellsBothSides } from './token-counts.ts';
import { UsageLines } from './usage-lines.ts';
import type { UsageReader } from './usage-reader.ts';
import type { Usage } from './usage.ts';
import { UNKNOWN_USAGE } from './usage.ts';

/**
 * The steps of an agent in which it asks a model. What observations and failures report sums these up, or is of other
 * steps: adding it would count twice.
 */
const STEPS = ['preProcessingTrace', 'orchestrationTrace', 'postProcessingTrace', 'routingClassifierTrace'];

/** Both `modelInvocationInput` and `modelInvocationOutput`. Other traces are long and say nothing here. */
const MARK = 'modelInvocation';

/** More model calls than agents have under way at once; older ones are forgotten. */
const MODELS_MAX = 64;

/** InvokeAgent and InvokeInlineAgent: only with `enableTrace` they say anything. */
export function agentReader(request: MeteredRequest): UsageReader {
  const calls = new ModelCalls(request);
  const take = (payload: Buffer): void => calls.take(payload, (event) => [objectAt(event, 'trace')]);
  return new EventReader('trace', take, (complete) => calls.usage(complete));
}

/** InvokeFlow: only with `enableTrace`, and only of its agent nodes. */
export function flowReader(request: MeteredRequest): UsageReader {
  const calls = new ModelCalls(request);
  const take = (payload: Buffer): void =>
    calls.take(payload, (event) =>
      listAt(event, 'trace', 'nodeDependencyTrace', 'traceElements', 'agentTraces').map((part) =>
        objectAt(part, 'trace'),
      ),
    );
  return new EventReader('flowTraceEvent', take, (complete) => calls.usage(complete));
}

/** InvokeHarness of AgentCore: a `metadata` event for the invocation. */
export function harnessReader(request: MeteredRequest): UsageReader {
  let usage: JsonObject | null = null;
  return new EventReader(
    'metadata',
    (payload) => {
      usage = objectAt(parseObject(payload.toString('latin1')), 'usage') ?? usage;
    },
    (complete) => {
      const model = textAt(request.outline.member('model'), 'bedrockModelConfig', 'modelId');
      return usage === null ? UNKNOWN_USAGE : tokensUsed([usage], otherThan(request, model), complete);
    },
  );
}

/** Evaluate of AgentCore: each result has the tokens it took. */
export function evaluateReader(): UsageReader {
  return new ObjectReader(planOf('evaluationResults'), (answer, complete) => {
    const results = listAt(answer.member('evaluationResults'));
    const usages = results.map((result) => objectAt(result, 'tokenUsage')).filter((usage) => usage !== null);
    const isAll = complete && answer.whole && usages.length === results.length;
    return usages.length === 0 ? UNKNOWN_USAGE : tokensUsed(usages, null, isAll);
  });
}

function tokensUsed(usages: readonly JsonObject[], modelId: string | null, complete: boolean): Usage {
  const lines = new UsageLines();
  const counts = usages.map(converseCounts);
  for (const one of counts) addTokens(lines, one, modelId);
  return fromAnswer(lines, complete && counts.every(tellsBothSides));
}

function fromAnswer(lines: UsageLines, complete: boolean): Usage {
  return { lines: lines.all, source: 'answer', complete, serviceTier: null, latencyOptimized: false };
}

/** Adds up the model calls of an agent's turn. Which model was asked stands in the trace of the asking. */
class ModelCalls {
  readonly #request: MeteredRequest;
  readonly #lines = new UsageLines();
  readonly #models = new Map<string, string>();
  #isSaid = false;
  #isHalfTold = false;

  constructor(request: MeteredRequest) {
    this.#request = request;
  }

  take(payload: Buffer, tracesOf: (event: JsonObject) => readonly (JsonObject | null)[]): void {
    if (!payload.includes(MARK)) return;
    const event = parseObject(payload.toString('latin1'));
    if (event === null) return;
    for (const trace of tracesOf(event)) for (const step of STEPS) this.#step(objectAt(trace, step));
  }

  usage(complete: boolean): Usage {
    return this.#isSaid ? fromAnswer(this.#lines, complete && !this.#isHalfTold) : UNKNOWN_USAGE;
  }

  #step(step: JsonObject | null): void {
    const asked = objectAt(step, 'modelInvocationInput');
    const model = textAt(asked, 'foundationModel');
    if (model !== null) this.#remember(textAt(asked, 'traceId') ?? '', model);
    const answered = objectAt(step, 'modelInvocationOutput');
    const usage = objectAt(answered, 'metadata', 'usage');
    if (usage === null) return;
    this.#isSaid = true;
    const asker = this.#models.get(textAt(answered, 'traceId') ?? '') ?? null;
    const counts = converseCounts(usage);
    if (!tellsBothSides(counts)) this.#isHalfTold = true;
    addTokens(this.#lines, counts, otherThan(this.#request, asker));
  }

  #remember(traceId: string, model: string): void {
    const [oldest] = this.#models.keys();
    if (this.#models.size >= MODELS_MAX && oldest !== undefined) this.#models.delete(oldest);
    this.#models.set(traceId, model);
  }
}
