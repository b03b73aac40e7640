import { EventReader, ObjectReader, planOf } from './reader-kinds.ts';
import { addTracedUnits } from './guardrail-units.ts';
import { objectAt, parseObject, textAt } from './json-shapes.ts';
import type { JsonObject } from './json-shapes.ts';
import type { MeteredRequest } from './metered-request.ts';
import { otherThan } from './request-usage.ts';
import { converseMode } from './service-mode.ts';
import { addTokens, converseCounts, tellsBothSides } from './token-counts.ts';
import { UsageLines } from './usage-lines.ts';
import type { UsageReader } from './usage-reader.ts';
import type { Usage } from './usage.ts';
import { UNKNOWN_USAGE } from './usage.ts';

const ANSWER = planOf('usage', 'trace', 'serviceTier', 'performanceConfig');

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_ResponseSyntax */
export function converseReader(request: MeteredRequest): UsageReader {
  return new ObjectReader(ANSWER, (answer, complete) =>
    converseUsage((name) => answer.member(name), request, complete && answer.whole),
  );
}

/** Its `metadata` event comes last and has what Converse has. */
export function converseStreamReader(request: MeteredRequest): UsageReader {
  let metadata: JsonObject | null = null;
  return new EventReader(
    'metadata',
    (payload) => {
      metadata = parseObject(payload.toString('latin1'));
    },
    (complete) => converseUsage((name) => metadata?.[name], request, complete),
  );
}

function converseUsage(member: (name: string) => unknown, request: MeteredRequest, complete: boolean): Usage {
  const mode = converseMode(member, request);
  const usage = objectAt(member('usage'));
  if (usage === null) return { ...UNKNOWN_USAGE, ...mode };
  const lines = new UsageLines();
  // A prompt router answers with a model of its choice.
  const router = textAt(member('trace'), 'promptRouter', 'invokedModelId');
  const counts = converseCounts(usage);
  addTokens(lines, counts, otherThan(request, router));
  addTracedUnits(lines, objectAt(member('trace'), 'guardrail'));
  return { lines: lines.all, source: 'answer', complete: complete && tellsBothSides(counts), ...mode };
}
