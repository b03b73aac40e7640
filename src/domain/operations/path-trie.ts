import { newLabel } from './labels.ts';
import type { Label } from './labels.ts';
import type { Operation } from './operation.ts';

/** What a method and path lead to: several operations only where services share a path. */
export interface PathMatch {
  readonly operations: readonly [Operation, ...Operation[]];
  /** Label positions, the same for all of `operations`. */
  readonly labels: readonly Label[];
}

export interface PathNode {
  readonly literals: Map<string, PathNode>;
  parameter: PathNode | undefined;
  readonly byMethod: Map<string, PathMatch>;
}

export function buildPathTrie(operations: readonly Operation[]): PathNode {
  const root = emptyNode();
  for (const operation of operations) addOperation(root, operation);
  return root;
}

/**
 * The match of raw `segments` from `from` on, for one method. A literal beats a parameter, but gives way where it
 * leads nowhere. Parameters take exactly one segment and never an empty one; a trailing slash is an empty literal.
 */
export function matchPath(
  root: PathNode,
  segments: readonly string[],
  from: number,
  method: string,
): PathMatch | undefined {
  return findNode(root, segments, from, (node) => node.byMethod.has(method))?.byMethod.get(method);
}

/** The methods some operation has at exactly this path; empty for a path nobody has. */
export function methodsOfPath(root: PathNode, segments: readonly string[], from: number): readonly string[] {
  const node = findNode(root, segments, from, (candidate) => candidate.byMethod.size > 0);
  return node === undefined ? [] : [...node.byMethod.keys()];
}

function findNode(
  node: PathNode,
  segments: readonly string[],
  index: number,
  accepts: (node: PathNode) => boolean,
): PathNode | undefined {
  const segment = segments[index];
  if (segment === undefined) return accepts(node) ? node : undefined;
  const literal = node.literals.get(segment);
  const found = literal && findNode(literal, segments, index + 1, accepts);
  if (found !== undefined) return found;
  if (node.parameter === undefined || segment === '' || isEncodedLiteral(node, segment)) return undefined;
  return findNode(node.parameter, segments, index + 1, accepts);
}

/** `%67et` where `get` is a literal: a server that decodes before it routes would run another operation than ours. */
function isEncodedLiteral(node: PathNode, segment: string): boolean {
  return node.literals.size > 0 && segment.includes('%') && node.literals.has(decodeURIComponent(segment));
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
  const shared = node.byMethod.get(operation.method);
  node.byMethod.set(operation.method, {
    operations: shared === undefined ? [operation] : [...shared.operations, operation],
    labels,
  });
}

function literalChild(node: PathNode, segment: string): PathNode {
  const existing = node.literals.get(segment);
  if (existing !== undefined) return existing;
  const child = emptyNode();
  node.literals.set(segment, child);
  return child;
}

function emptyNode(): PathNode {
  return { literals: new Map(), parameter: undefined, byMethod: new Map() };
}
