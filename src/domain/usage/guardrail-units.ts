import { countAt, isObject } from './json-shapes.ts';
import type { UsageLines } from './usage-lines.ts';
import type { UsageUnit } from './usage.ts';

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_GuardrailUsage.html */
const GUARDRAIL_UNITS: readonly UsageUnit[] = [
  'topicPolicyUnits',
  'contentPolicyUnits',
  'contentPolicyImageUnits',
  'wordPolicyUnits',
  'sensitiveInformationPolicyUnits',
  'sensitiveInformationPolicyFreeUnits',
  'contextualGroundingPolicyUnits',
  'automatedReasoningPolicyUnits',
];

/** Deeper than any assessment stands in a trace; a hostile one must not exhaust the stack. */
const TRACE_DEPTH_MAX = 12;

/** Adds one `GuardrailUsage`. */
export function addGuardrailUnits(lines: UsageLines, usage: unknown): void {
  for (const unit of GUARDRAIL_UNITS) lines.add(unit, countAt(usage, unit));
}

/**
 * Adds up every assessment in a trace: of the input and of each output, by guardrail. Converse and InvokeModel name
 * and nest them differently, so they are known by their `invocationMetrics`.
 */
export function addTracedUnits(lines: UsageLines, trace: unknown): void {
  addAssessments(lines, trace, 0);
}

function addAssessments(lines: UsageLines, value: unknown, depth: number): void {
  if (depth > TRACE_DEPTH_MAX) return;
  if (Array.isArray(value)) {
    for (const item of value) addAssessments(lines, item, depth + 1);
  } else if (isObject(value)) {
    const metrics = value['invocationMetrics'];
    if (isObject(metrics)) addGuardrailUnits(lines, metrics['usage']);
    else for (const inner of Object.values(value)) addAssessments(lines, inner, depth + 1);
  }
}
