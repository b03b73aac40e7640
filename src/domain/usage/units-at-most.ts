import { textAt } from './json-shapes.ts';
import type { MeteredRequest } from './metered-request.ts';
import type { InputFacts } from './request-size.ts';
import {
  addEmbedded,
  addRanked,
  asyncUsage,
  imagesAsked,
  makesImages,
  queryUsage,
  rankedAtMost,
} from './request-usage.ts';
import { UsageLines } from './usage-lines.ts';
import type { Usage, UsageLine, UsageUnit } from './usage.ts';

/** Operations that are charged by something else than the tokens of a model. */
const NOT_BY_TOKENS: ReadonlySet<string> = new Set([
  'bedrock-runtime:ApplyGuardrail',
  'bedrock-runtime:InvokeGuardrailChecks',
  'bedrock-runtime:StartAsyncInvoke',
  'bedrock-agent-runtime:GenerateQuery',
  'bedrock-agent-runtime:Rerank',
  'bedrock-agent-runtime:Retrieve',
]);

/** https://aws.amazon.com/bedrock/pricing/: a text unit has up to so many characters; each text is rounded up. */
const CHARACTERS_PER_UNIT = 1000;

/**
 * Nobody says how long a token can be. Texts of any language have fewer characters on average, and a longer answer of
 * nothing but blanks would only cost more than was held for it.
 */
const CHARACTERS_PER_TOKEN_MAX = 16;

/** Policies of a guardrail that charge by the text. Which of them it has nobody says before. */
const TEXT_POLICIES: readonly UsageUnit[] = [
  'topicPolicyUnits',
  'contentPolicyUnits',
  'sensitiveInformationPolicyUnits',
  'contextualGroundingPolicyUnits',
  'automatedReasoningPolicyUnits',
];

const CHECKS = ['contentFilter', 'promptAttack', 'sensitiveInformation'];

/** Whether a call costs nothing for tokens: then `unitsAtMost` is all that it costs. */
export function isChargedByTokens(request: MeteredRequest): boolean {
  return !NOT_BY_TOKENS.has(request.operation.qualifiedName) && !makesImages(request);
}

/**
 * What a call may be charged beside tokens, at most: queries of a reranker, the guardrail it asks for, images, seconds of video.
 * A guardrail of a model call counts where its trace is asked for, for only then its use is known afterwards.
 * @param outputTokens at most; null where nothing bounds them
 * @returns null where nothing bounds it
 */
export function unitsAtMost(
  request: MeteredRequest,
  facts: InputFacts,
  outputTokens: number | null,
): readonly UsageLine[] | null {
  switch (request.operation.qualifiedName) {
    case 'bedrock-agent-runtime:Rerank':
      return rankedAtMost(request);
    case 'bedrock-agent-runtime:GenerateQuery':
    case 'bedrock-agent-runtime:Retrieve':
      return linesOf(queryUsage());
    case 'bedrock-runtime:StartAsyncInvoke':
      return isUnclear(request) ? null : linesOf(asyncUsage(request));
    case 'bedrock-runtime:ApplyGuardrail':
      return isUnclear(request) ? null : guardrailUnits(facts, request.outline.count('content') ?? 0, 0);
    case 'bedrock-runtime:InvokeGuardrailChecks':
      return checkUnits(facts);
    case 'bedrock-runtime:Converse':
    case 'bedrock-runtime:ConverseStream': {
      const config = request.outline.member('guardrailConfig');
      const isTraced = textAt(config, 'trace')?.startsWith('enabled') === true;
      const mayBeTraced = isTraced || (isUnclear(request) && config !== undefined);
      return mayBeTraced ? guardedUnits(facts, outputTokens) : [];
    }
    case 'bedrock-runtime:InvokeModel':
    case 'bedrock-runtime:InvokeModelWithResponseStream':
      return unitsOfModel(request, facts, outputTokens);
    default:
      return [];
  }
}

/** Of a name that stands twice nobody knows which one counts. */
function isUnclear({ outline }: MeteredRequest): boolean {
  return outline.repeated || outline.incomplete;
}

function linesOf({ lines, complete }: Usage): readonly UsageLine[] | null {
  return complete ? lines : null;
}

function unitsOfModel(
  request: MeteredRequest,
  facts: InputFacts,
  outputTokens: number | null,
): readonly UsageLine[] | null {
  const { headers, modelId } = request;
  if (makesImages(request)) return imagesAsked(request);
  const lines = new UsageLines();
  if (addRanked(lines, request)) return rankedAtMost(request);
  if (modelId?.includes('embed') === true && addEmbedded(lines, request, facts)) return null;
  const isTraced = headers.get('x-amzn-bedrock-trace')?.toLowerCase().startsWith('enabled') === true;
  if (!isTraced || headers.get('x-amzn-bedrock-guardrailidentifier') === undefined) return lines.all;
  const guarded = guardedUnits(facts, outputTokens);
  return guarded === null ? null : [...lines.all, ...guarded];
}

/** What goes in and what comes out are looked at apart. */
function guardedUnits(facts: InputFacts, outputTokens: number | null): readonly UsageLine[] | null {
  return outputTokens === null ? null : guardrailUnits(facts, 2, outputTokens * CHARACTERS_PER_TOKEN_MAX);
}

/** @param texts each of which may be rounded up by itself */
function guardrailUnits(
  { textBytes, images }: InputFacts,
  texts: number,
  moreCharacters: number,
): readonly UsageLine[] {
  const lines = new UsageLines();
  const units = texts + Math.ceil((textBytes + moreCharacters) / CHARACTERS_PER_UNIT);
  for (const policy of TEXT_POLICIES) lines.add(policy, units);
  lines.add('contentPolicyImageUnits', images);
  return lines.all;
}

function checkUnits({ textBytes }: InputFacts): readonly UsageLine[] {
  const lines = new UsageLines();
  const units = Math.ceil(textBytes / CHARACTERS_PER_UNIT);
  for (const check of CHECKS) lines.add('guardrailCheckTextUnits', units, null, check);
  return lines.all;
}
