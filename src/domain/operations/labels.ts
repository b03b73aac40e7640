import { parseArn } from '../aws/arn.ts';
import type { Arn } from '../aws/arn.ts';
import { Refusal } from '../errors.ts';

/** Where a path template takes a value: `/model/{modelId}/converse` takes `modelId` from segment 1. */
export interface Label {
  readonly segmentIndex: number;
  readonly name: string;
  readonly takesSlashes: boolean;
}

export interface LabelValues {
  /** Raw segments by the names of the AWS model. */
  readonly values: Readonly<Record<string, string>>;
  /** Those that are ARNs, in the order of the path. */
  readonly arns: readonly Arn[];
}

export const NO_ARNS: readonly Arn[] = [];

export function newLabel(segmentIndex: number, name: string): Label {
  return { segmentIndex, name, takesSlashes: isIdentifierName(name) };
}

/**
 * Takes the label values out of raw `segments`, whose template starts at `from`.
 *
 * @throws Refusal `invalidRequest` for an encoded slash or backslash in a label that is neither an ARN nor an id.
 */
export function readLabels(labels: readonly Label[], segments: readonly string[], from: number): LabelValues {
  const values: Record<string, string> = {};
  let arns: Arn[] | undefined;
  for (const { segmentIndex, name, takesSlashes } of labels) {
    const segment = segments[from + segmentIndex] ?? '';
    values[name] = segment;
    const decoded = segment.includes('%') ? decodeURIComponent(segment) : segment;
    const arn = decodedArn(decoded);
    if (arn !== null) (arns ??= []).push(arn);
    else if (!takesSlashes && hasSlash(decoded)) throw misplacedSlash(name);
  }
  return { values, arns: arns ?? NO_ARNS };
}

/**
 * The ARNs among the segments of a path that no template describes. Only an ARN may hold an encoded slash there.
 *
 * @throws Refusal `invalidRequest` for an encoded slash or backslash elsewhere.
 */
export function arnsOfUnmodelledPath(segments: readonly string[], from: number): readonly Arn[] {
  const arns: Arn[] = [];
  for (const segment of segments.slice(from)) {
    const decoded = decodeURIComponent(segment);
    const arn = decodedArn(decoded);
    if (arn !== null) arns.push(arn);
    else if (hasSlash(decoded)) throw misplacedSlash('a segment that is no ARN');
  }
  return arns;
}

/**
 * Model names of labels whose values may hold slashes. Seen in AWS's models: every `…Arn`, ids and identifiers that
 * take an ARN as well (`modelId`, `agentRuntimeArn`), and ids with slashes of their own (AgentCore's `actorId`).
 * Versions, names and enumerations (`agentVersion`, `endpointName`, `entityType`) have patterns without any.
 */
function isIdentifierName(name: string): boolean {
  return /(?:Id|Arn|Identifier)$/.test(name);
}

function decodedArn(text: string): Arn | null {
  return text.startsWith('arn:') ? parseArn(text) : null;
}

function hasSlash(decoded: string): boolean {
  return decoded.includes('/') || decoded.includes('\\');
}

function misplacedSlash(where: string): Refusal {
  return new Refusal('invalidRequest', `Malformed request target: an encoded slash in ${where}, which takes none.`);
}
