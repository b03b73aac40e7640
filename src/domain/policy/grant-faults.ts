import { OPERATIONS } from '../operations/table.ts';
import { SERVICE_IDS } from '../operations/services.ts';
import { compileArnPattern } from './arn-pattern.ts';
import { parseBlock } from './cidr.ts';
import { matchesGlob, PATTERN_LENGTH_MAX } from './glob.ts';
import type { Grant } from './grant.ts';
import { compileOperationPattern } from './operation-match.ts';

/** What is wrong with an entry of a grant, in words for who wrote it. */
export interface GrantFault {
  readonly field: keyof Grant;
  readonly entry: string;
  readonly problem: string;
}

/** A list is compiled once per key and asked at each request; more than this is better said with a `*`. */
export const GRANT_ENTRIES_MAX = 1000;

const VISIBLE_ASCII = /^[\x21-\x7e]+$/;
const REGION = /^[a-z0-9*-]+$/;

/** Everything that would make an entry allow nothing, or something else than its author meant. */
export function grantFaults(grant: Grant): readonly GrantFault[] {
  return [
    ...listFaults('models', grant.models, arnProblem),
    ...listFaults('operations', grant.operations, operationProblem),
    ...listFaults('resources', grant.resources, resourceProblem),
    ...listFaults('regions', grant.regions, (entry) =>
      REGION.test(entry) ? null : 'is no AWS region: write us-east-1 or eu-*',
    ),
    ...listFaults('sources', grant.sources, (entry) =>
      parseBlock(entry) === null ? 'is no IP address and no CIDR block such as 10.0.0.0/8' : null,
    ),
  ];
}

function listFaults(
  field: keyof Grant,
  entries: readonly string[] | null,
  problemOf: (entry: string) => string | null,
): GrantFault[] {
  if (entries === null) return [];
  if (entries.length > GRANT_ENTRIES_MAX) {
    return [{ field, entry: '', problem: `has more than ${GRANT_ENTRIES_MAX} entries` }];
  }
  return entries.flatMap((entry) => {
    const problem = textProblem(entry) ?? problemOf(entry);
    return problem === null ? [] : [{ field, entry, problem }];
  });
}

function textProblem(entry: string): string | null {
  if (entry.length > PATTERN_LENGTH_MAX) return `is longer than ${PATTERN_LENGTH_MAX} characters`;
  return VISIBLE_ASCII.test(entry) ? null : 'is empty or holds something else than visible ASCII';
}

function arnProblem(entry: string): string | null {
  const isWhole = !entry.startsWith('arn:') || compileArnPattern(entry) !== null;
  return isWhole ? null : 'is no ARN: it takes six parts between colons, each of which may be *';
}

function resourceProblem(entry: string): string | null {
  if (/^s3:/i.test(entry) && !entry.startsWith('s3://')) return 'is no S3 place: write s3://bucket/prefix/*';
  return arnProblem(entry);
}

function operationProblem(entry: string): string | null {
  const matches = compileOperationPattern(entry);
  if (matches === null) return 'is no operation: write service:Name, such as bedrock-runtime:Converse or bedrock:List*';
  const isKnown =
    OPERATIONS.some(({ service, name }) => matches(service, name)) ||
    SERVICE_IDS.some((service) => matches(service, 'Unmodelled'));
  if (isKnown) return null;
  const [service = ''] = entry.split(':', 1);
  return SERVICE_IDS.some((id) => matchesGlob(service, id))
    ? 'matches no operation of this service; names are case-sensitive'
    : `names no service of Bedrock: ${SERVICE_IDS.join(', ')}`;
}
