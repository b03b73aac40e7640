import { invalid, unknownOperation } from './bedrock-error.ts';
import operations from './operations.generated.json' with { type: 'json' };

/** Which operation a method and raw path ask for, decided as the services do: by their modelled paths alone. */

export interface Operation {
  readonly service: string;
  readonly operation: string;
  readonly method: string;
  /** The modelled path, such as `/model/{modelId}/converse`. */
  readonly uri: string;
  /** The modelled input headers, in lower case. */
  readonly inputHeaders: readonly string[];
}

export interface Route {
  readonly operation: Operation;
  /** The path labels, decoded once. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Every modelled operation of the eight services. */
export const OPERATIONS: readonly Operation[] = operations;

interface Template {
  readonly operation: Operation;
  readonly segments: readonly string[];
}

// Keyed by service, method and number of segments, so that a request is compared with a handful of templates.
const TEMPLATES = new Map<string, Template[]>();
for (const operation of OPERATIONS) {
  const segments = operation.uri.split('/').slice(1);
  const key = templateKey(operation.service, operation.method, segments.length);
  TEMPLATES.set(key, [...(TEMPLATES.get(key) ?? []), { operation, segments }]);
}
for (const templates of TEMPLATES.values()) {
  templates.sort((one, other) => literalFirst(one.segments, other.segments));
}

/**
 * Routes a rest-json request. A literal segment beats a label, a trailing slash counts, and each segment is decoded once.
 * Throws 404 when nothing matches and 400 for malformed escapes and for dot segments, plain or encoded.
 */
export function routeByPath(service: string, method: string, rawPath: string): Route {
  const rawSegments = rawPath.split('/').slice(1);
  const segments = rawSegments.map(decodeSegment);
  const templates = TEMPLATES.get(templateKey(service, method, segments.length)) ?? [];
  const found = templates.find((template) => matches(template.segments, rawSegments));
  if (!rawPath.startsWith('/') || found === undefined) throw unknownOperation();

  const labels: Record<string, string> = {};
  found.segments.forEach((name, index) => {
    if (isLabel(name)) labels[name.slice(1, -1)] = segments[index] ?? '';
  });
  return { operation: found.operation, labels };
}

/** Routes an awsJson1.1 request by its `X-Amz-Target`, such as `AmazonBedrockKeystoneRuntimeService.TagResource`. */
export function routeByTarget(service: string, method: string, rawPath: string, target: string): Route {
  const [prefix, name, ...rest] = target.split('.');
  const found = OPERATIONS.find((operation) => operation.service === service && operation.operation === name);
  const known = prefix === 'AmazonBedrockKeystoneRuntimeService' && rest.length === 0 && found !== undefined;
  if (!known || method !== 'POST' || rawPath !== '/') throw unknownOperation();
  return { operation: found, labels: {} };
}

function templateKey(service: string, method: string, segmentCount: number): string {
  return `${service} ${method} ${segmentCount}`;
}

function isLabel(segment: string): boolean {
  return segment.startsWith('{');
}

function literalFirst(one: readonly string[], other: readonly string[]): number {
  const index = one.findIndex((segment, at) => isLabel(segment) !== isLabel(other[at] ?? ''));
  if (index === -1) return 0;
  return isLabel(one[index] ?? '') ? 1 : -1;
}

// Literals are compared with the raw text: an escaped letter in a literal is another path, as it is for AWS.
function matches(template: readonly string[], rawSegments: readonly string[]): boolean {
  return template.every((expected, index) => {
    const actual = rawSegments[index] ?? '';
    return isLabel(expected) ? actual !== '' : actual === expected;
  });
}

function decodeSegment(rawSegment: string): string {
  let segment: string;
  try {
    segment = decodeURIComponent(rawSegment);
  } catch {
    throw invalid('The path has a malformed escape.');
  }
  // An encoded slash may hide a dot segment, which a later decoder would follow to another resource.
  if (segment.split('/').some((part) => part === '.' || part === '..')) throw invalid('The path has a dot segment.');
  return segment;
}
