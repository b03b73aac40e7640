import { newLabel } from './labels.ts';
import type { Label } from './labels.ts';
import type { Operation } from './operation.ts';
import type { ServiceId } from './services.ts';

/** An operation whose path template ends at a node. */
interface PathEnd {
  readonly operation: Operation;
  readonly labels: readonly Label[];
}

export interface PathNode {
  literals: Map<string, PathNode> | undefined;
  parameter: PathNode | undefined;
  ends: PathEnd[];
}

/** Which of the operations at a path are looked for; undefined leaves a part open. */
interface Wanted {
  readonly method: string | undefined;
  readonly service: ServiceId | undefined;
}

export function buildPathTrie(operations: readonly Operation[]): PathNode {
  const root = emptyNode();
  for (const operation of operations) addOperation(root, operation);
  return root;
}

/**
 * The operations at raw `segments` from `from` on; empty where there are none. A literal beats a parameter, but gives
 * way where it leads nowhere. Parameters take exactly one segment and never an empty one; a trailing slash is an empty
 * literal.
 */
export function findOperations(
  root: PathNode,
  segments: readonly string[],
  from: number,
  wanted: Wanted,
): readonly PathEnd[] {
  return findEnds(root, segments, from, wanted) ?? [];
}

function findEnds(
  node: PathNode,
  segments: readonly string[],
  index: number,
  wanted: Wanted,
): readonly PathEnd[] | undefined {
  const segment = segments[index];
  if (segment === undefined) return wantedEnds(node.ends, wanted);
  const literal = node.literals?.get(segment);
  const found = literal && findEnds(literal, segments, index + 1, wanted);
  if (found !== undefined) return found;
  if (node.parameter === undefined || segment === '' || isEncodedLiteral(node, segment)) return undefined;
  return findEnds(node.parameter, segments, index + 1, wanted);
}

function wantedEnds(ends: readonly PathEnd[], { method, service }: Wanted): readonly PathEnd[] | undefined {
  const wanted = ends.filter(
    ({ operation }) =>
      (method === undefined || operation.method === method) && (service === undefined || operation.service === service),
  );
  return wanted.length > 0 ? wanted : undefined;
}

/** `%67et` where `get` is a literal: a server that decodes before it routes would run another operation than ours. */
function isEncodedLiteral({ literals }: PathNode, segment: string): boolean {
  return literals !== undefined && segment.includes('%') && literals.has(decodeURIComponent(segment));
}

function addOperation(root: PathNode, operation: Operation): void {
  const labels: Label[] = [];
  let node = root;
  for (const [segmentIndex, segment] of operation.path.slice(1).split('/').entries()) {
    if (segment.startsWith('{')) {
      labels.push(newLabel(segmentIndex, segment.slice(1, -1)));
      node = node.parameter ??= emptyNode();
    } else {
      node = literalChild(node, segment);
    }
  }
  node.ends.push({ operation, labels });
}

function literalChild(node: PathNode, segment: string): PathNode {
  const literals = (node.literals ??= new Map());
  const child = literals.get(segment) ?? emptyNode();
  literals.set(segment, child);
  return child;
}

function emptyNode(): PathNode {
  return { literals: undefined, parameter: undefined, ends: [] };
}
