import type { Operation } from '../operations/operation.ts';
import { blockHolds, parseBlock } from './cidr.ts';
import { DEFAULT_OPERATIONS } from './default-operations.ts';
import { compileGlob } from './glob.ts';
import type { Grant } from './grant.ts';
import { compileModelPattern } from './model-match.ts';
import type { ModelPattern } from './model-match.ts';
import { compileOperationPattern } from './operation-match.ts';
import type { OperationPattern } from './operation-match.ts';
import { compileResourcePattern } from './resource-match.ts';
import type { ResourcePattern } from './resource-match.ts';

/** A grant whose patterns are ready to be asked. Null where it does not restrict. */
export interface CompiledGrant {
  readonly grant: Grant;
  readonly operations: (operation: Operation) => boolean;
  readonly models: readonly ModelPattern[] | null;
  readonly resources: readonly ResourcePattern[] | null;
  readonly regions: ((region: string) => boolean) | null;
  readonly sources: ((address: string) => boolean) | null;
}

/** Grants come out of the key cache and live as long as their entry there. */
const COMPILED = new WeakMap<Grant, CompiledGrant>();

/** Compiles a grant the first time it is asked for. Entries that are no pattern allow nothing. */
export function compileGrant(grant: Grant): CompiledGrant {
  const known = COMPILED.get(grant);
  if (known !== undefined) return known;
  const compiled: CompiledGrant = {
    grant,
    operations: grant.operations === null ? ALLOWS_DEFAULT : operationsOf(grant.operations),
    models: restricting(grant.models)?.map(compileModelPattern) ?? null,
    resources: restricting(grant.resources)?.map(compileResourcePattern) ?? null,
    regions: regionsOf(restricting(grant.regions)),
    sources: grant.sources === null ? null : sourcesOf(grant.sources),
  };
  COMPILED.set(grant, compiled);
  return compiled;
}

/** A list that holds `*` restricts nothing, and needs nothing to be decided. */
export function restricting(list: readonly string[] | null): readonly string[] | null {
  return list === null || list.includes('*') ? null : list;
}

function operationsOf(patterns: readonly string[]): (operation: Operation) => boolean {
  const exact = new Set(patterns);
  const globs = patterns
    .filter((pattern) => pattern.includes('*'))
    .map(compileOperationPattern)
    .filter((pattern): pattern is OperationPattern => pattern !== null);
  return ({ service, name, qualifiedName }) =>
    exact.has(qualifiedName) || globs.some((matches) => matches(service, name));
}

/** One for the many grants that say nothing about operations. */
const ALLOWS_DEFAULT = operationsOf(DEFAULT_OPERATIONS);

function regionsOf(patterns: readonly string[] | null): ((region: string) => boolean) | null {
  if (patterns === null) return null;
  const globs = patterns.map(compileGlob);
  return (region) => globs.some((matches) => matches(region));
}

function sourcesOf(texts: readonly string[]): (address: string) => boolean {
  const blocks = texts.map(parseBlock).filter((block) => block !== null);
  return (address) => blocks.some((block) => blockHolds(block, address));
}
