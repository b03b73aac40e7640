/** Units of ApplyGuardrail and of guardrails beside a model, then those of InvokeGuardrailChecks. */
const FIGURES: ReadonlyMap<string, string> = new Map([
  ['Guardrail-TopicPolicyUnitsConsumed', 'topicPolicyUnits'],
  ['Guardrail-ContentPolicyUnitsConsumed', 'contentPolicyUnits'],
  ['Guardrail-ContentPolicyImageUnitsConsumed', 'contentPolicyImageUnits'],
  ['Guardrail-WordPolicyUnitsConsumed', 'wordPolicyUnits'],
  ['Guardrail-SensitiveInformationPolicyPaidUnitsConsumed', 'sensitiveInformationPolicyUnits'],
  ['Guardrail-SensitiveInformationPolicyFreeUnitsConsumed', 'sensitiveInformationPolicyFreeUnits'],
  ['Guardrail-ContextualGroundingPolicyUnitsConsumed', 'contextualGroundingPolicyUnits'],
  ['Guardrail-AutomatedReasoningPolicyUnitsConsumed', 'automatedReasoningPolicyUnits'],
  ['GuardrailChecks-ContentFilterCheckUnitsConsumed', 'guardrailCheckTextUnits/contentFilter'],
  ['GuardrailChecks-PromptAttackCheckUnitsConsumed', 'guardrailCheckTextUnits/promptAttack'],
  ['GuardrailChecks-SensitiveInformationCheckUnitsConsumed', 'guardrailCheckTextUnits/sensitiveInformation'],
]);

const REGION = /^[A-Z0-9]{2,5}-/;

/** The figure a usage type of guardrails is for; null for others. */
export function guardrailFigure(usageType: string): string | null {
  return FIGURES.get(usageType.replace(REGION, '')) ?? null;
}
