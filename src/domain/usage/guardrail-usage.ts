import { ObjectReader, planOf } from './reader-kinds.ts';
import { addGuardrailUnits } from './guardrail-units.ts';
import { countAt, objectAt } from './json-shapes.ts';
import { UsageLines } from './usage-lines.ts';
import type { UsageReader } from './usage-reader.ts';
import type { JsonObject } from './json-shapes.ts';
import { UNKNOWN_USAGE } from './usage.ts';

const ANSWER = planOf('usage');
const CHECKS = ['contentFilter', 'promptAttack', 'sensitiveInformation'];

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ApplyGuardrail.html: its assessments say the same again. */
export function applyGuardrailReader(): UsageReader {
  return usageMemberReader(addGuardrailUnits);
}

/** InvokeGuardrailChecks: text units by check, which is the line's variant. */
export function guardrailChecksReader(): UsageReader {
  return usageMemberReader((lines, usage) => {
    for (const check of CHECKS) lines.add('guardrailCheckTextUnits', countAt(usage, check, 'textUnits'), null, check);
  });
}

function usageMemberReader(add: (lines: UsageLines, usage: JsonObject) => void): UsageReader {
  return new ObjectReader(ANSWER, (answer, complete) => {
    const usage = objectAt(answer.member('usage'));
    if (usage === null) return UNKNOWN_USAGE;
    const lines = new UsageLines();
    add(lines, usage);
    return {
      lines: lines.all,
      source: 'answer',
      complete: complete && answer.whole,
      serviceTier: null,
      latencyOptimized: false,
    };
  });
}
