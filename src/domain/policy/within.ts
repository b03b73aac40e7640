import { blockCovers, parseBlock } from './cidr.ts';
import { restricting } from './compiled-grant.ts';
import { DEFAULT_OPERATIONS } from './default-operations.ts';
import { globCovers } from './glob.ts';
import type { Grant } from './grant.ts';
import { modelPatternCovers } from './model-match.ts';
import { operationPatternCovers } from './operation-match.ts';
import { resourcePatternCovers } from './resource-match.ts';

/** The fields of a grant that give more than another grant holds; empty when it is certain that none does. */
export type Excess = keyof Grant;

/**
 * Nobody grants more than they hold: whether everything `child` allows is allowed by `parent`. Conservative: each entry
 * of the child has to be covered by a single entry of the parent, and what can't be told is not within.
 */
export function isWithin(child: Grant, parent: Grant): boolean {
  return excessOf(child, parent).length === 0;
}

/** In what `child` goes, or may go, beyond `parent`. */
export function excessOf(child: Grant, parent: Grant): readonly Excess[] {
  const excess: Excess[] = [];
  if (!covers(restricting(parent.models), child.models, modelPatternCovers)) excess.push('models');
  const [held, given] = [parent.operations ?? DEFAULT_OPERATIONS, child.operations ?? DEFAULT_OPERATIONS];
  if (!covers(held, given, operationPatternCovers)) excess.push('operations');
  if (!covers(restricting(parent.resources), child.resources, resourcePatternCovers)) excess.push('resources');
  if (!covers(restricting(parent.regions), child.regions, globCovers)) excess.push('regions');
  if (!covers(parent.sources, child.sources, sourceCovers)) excess.push('sources');
  if (child.actFor && !parent.actFor) excess.push('actFor');
  return excess;
}

function covers(
  outer: readonly string[] | null,
  inner: readonly string[] | null,
  entryCovers: (outer: string, inner: string) => boolean,
): boolean {
  if (outer === null) return true;
  if (inner === null) return false;
  return inner.every((entry) => outer.some((held) => entryCovers(held, entry)));
}

function sourceCovers(outer: string, inner: string): boolean {
  const [outerBlock, innerBlock] = [parseBlock(outer), parseBlock(inner)];
  return outerBlock !== null && innerBlock !== null && blockCovers(outerBlock, innerBlock);
}
