import { invalid } from '../bedrock-error.ts';
import type { JsonObject } from '../json.ts';
import { objectAt, objectsAt, textAt } from '../json.ts';
import type { Answer, Asked } from './answer.ts';
import { jsonAnswer } from './answer.ts';
import { checkRequired } from './required.ts';

/** ApplyGuardrail, InvokeGuardrailChecks, and the assessments in a Converse trace. */

/** The one word the simulated guardrail blocks. */
const BLOCKED_WORD = 'forbidden';
const BLOCKED_MESSAGE = 'Sorry, the model cannot answer this question.';

// https://aws.amazon.com/bedrock/pricing/: a text unit is up to 1,000 characters.
const CHARACTERS_PER_UNIT = 1000;

export function applyGuardrail(asked: Asked): Answer {
  const body = asked.json();
  checkRequired(body, ['source', 'content']);
  const source = textAt(body, 'source');
  if (source !== 'INPUT' && source !== 'OUTPUT') {
    throw invalid("1 validation error detected: Value at 'source' must be one of INPUT, OUTPUT.");
  }
  const content = objectsAt(body, 'content');
  const texts = content.map((block) => textAt(objectAt(block, 'text'), 'text') ?? '');
  const imageCount = content.filter((block) => 'image' in block).length;
  const isBlocked = texts.some(mentionsBlockedWord);
  const characters = texts.join('').length;
  return jsonAnswer({
    usage: usageOf(texts, imageCount),
    action: isBlocked ? 'GUARDRAIL_INTERVENED' : 'NONE',
    ...(isBlocked ? { actionReason: 'Guardrail blocked.' } : {}),
    outputs: isBlocked ? [{ text: BLOCKED_MESSAGE }] : [],
    assessments: [assess(texts, imageCount)],
    guardrailCoverage: { textCharacters: { guarded: characters, total: characters } },
  });
}

/** Every check that was asked for finds nothing, and counts. */
export function invokeGuardrailChecks(asked: Asked): Answer {
  const body = asked.json();
  checkRequired(body, ['messages', 'checks']);
  const contents = objectsAt(body, 'messages').flatMap((message) => objectsAt(message, 'content'));
  const textUnits = unitsOf(contents.map((block) => textAt(block, 'text') ?? ''));
  const checks = Object.keys(objectAt(body, 'checks'));
  return jsonAnswer({
    results: Object.fromEntries(checks.map((check) => [check, { results: [] }])),
    usage: Object.fromEntries(checks.map((check) => [check, { textUnits }])),
  });
}

/** One assessment, as ApplyGuardrail and a Converse trace carry it. */
export function assess(texts: readonly string[], imageCount = 0): JsonObject {
  const match = { match: BLOCKED_WORD, action: 'BLOCKED', detected: true };
  return {
    ...(texts.some(mentionsBlockedWord) ? { wordPolicy: { customWords: [match], managedWordLists: [] } } : {}),
    invocationMetrics: { guardrailProcessingLatency: 50, usage: usageOf(texts, imageCount) },
  };
}

function usageOf(texts: readonly string[], imageCount: number): JsonObject {
  const units = unitsOf(texts);
  return {
    topicPolicyUnits: units,
    contentPolicyUnits: units,
    contentPolicyImageUnits: imageCount,
    wordPolicyUnits: units,
    sensitiveInformationPolicyUnits: units,
    sensitiveInformationPolicyFreeUnits: units,
    contextualGroundingPolicyUnits: 0,
    automatedReasoningPolicyUnits: 0,
    automatedReasoningPolicies: 0,
  };
}

function unitsOf(texts: readonly string[]): number {
  return Math.ceil(texts.join('').length / CHARACTERS_PER_UNIT);
}

function mentionsBlockedWord(text: string): boolean {
  return text.toLowerCase().includes(BLOCKED_WORD);
}
