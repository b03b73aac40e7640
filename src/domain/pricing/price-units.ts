import { USAGE_UNITS, type UsageUnit } from '../usage/usage.ts';

/**
 * What a figure is for. A model unit is what provisioned throughput is bought in; no call is priced by it, the book
 * only tells it.
 */
export type PriceUnit = UsageUnit | 'modelUnitSeconds';

const PRICE_UNITS: readonly PriceUnit[] = [...USAGE_UNITS, 'modelUnitSeconds'];

/** The model that guardrails are priced as: AWS bills them apart from the model they watch. */
export const GUARDRAILS = 'guardrails';

/** The model that queries to a knowledge base are priced as. AWS lists no price for it, but an operator may. */
export const KNOWLEDGE_BASES = 'knowledge-bases';

/** Above so many input tokens, cached ones included, some models charge the whole request at higher rates. */
export const LONG_CONTEXT_TOKENS = 200_000;

/** Tokens a request brings. All of them count towards the 200,000 above which some models cost more. */
export const INPUT_TOKEN_UNITS: readonly UsageUnit[] = [
  'inputTokens',
  'cacheReadTokens',
  'cacheWrite5mTokens',
  'cacheWrite1hTokens',
  'inputSpeechTokens',
];

export const OUTPUT_TOKEN_UNITS: readonly UsageUnit[] = ['outputTokens', 'outputSpeechTokens'];

/** Units whose price a service tier changes, and that a reservation or provisioned throughput has already paid for. */
const TOKEN_UNITS: ReadonlySet<PriceUnit> = new Set([...INPUT_TOKEN_UNITS, ...OUTPUT_TOKEN_UNITS]);

const GUARDRAIL_UNITS: ReadonlySet<PriceUnit> = new Set([
  'topicPolicyUnits',
  'contentPolicyUnits',
  'contentPolicyImageUnits',
  'wordPolicyUnits',
  'sensitiveInformationPolicyUnits',
  'sensitiveInformationPolicyFreeUnits',
  'contextualGroundingPolicyUnits',
  'automatedReasoningPolicyUnits',
  'guardrailCheckTextUnits',
]);

export function isTokenUnit(unit: PriceUnit): boolean {
  return TOKEN_UNITS.has(unit);
}

export function isGuardrailUnit(unit: PriceUnit): boolean {
  return GUARDRAIL_UNITS.has(unit);
}

/** A figure's name: the unit, and after a slash the variant where the price depends on one. */
export function figureName(unit: PriceUnit, variant: string | null): string {
  return variant === null ? unit : `${unit}/${variant}`;
}

/** Null for a name that is not one of a figure. */
export function unitOfFigure(name: string): PriceUnit | null {
  const [unit = ''] = name.split('/', 1);
  return PRICE_UNITS.find((known) => known === unit) ?? null;
}
