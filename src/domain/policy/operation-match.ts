import { compileGlob, globCovers } from './glob.ts';

/** `service:Name` of an operation, as patterns see it. */
export type OperationPattern = (service: string, name: string) => boolean;

/** The name of operations that no model describes; only a pattern that says it allows them. */
const UNMODELLED = 'Unmodelled';

/**
 * Compiles `service:Name`, each side a glob, or `*` for every modelled operation. Case counts. Null without a colon.
 * No `*` stands for `Unmodelled`: what nobody knows is granted by name (`bedrock-runtime:Unmodelled`) or not at all.
 */
export function compileOperationPattern(pattern: string): OperationPattern | null {
  const sides = sidesOf(pattern);
  if (sides === null) return null;
  const [matchesService, matchesName] = sides.map(compileGlob);
  const [, nameSide] = sides;
  return (service, name) =>
    matchesService?.(service) === true &&
    (name === UNMODELLED ? nameSide === UNMODELLED : matchesName?.(name) === true);
}

/** Whether every operation that `inner` allows is allowed by `outer` too; conservative as `globCovers` is. */
export function operationPatternCovers(outer: string, inner: string): boolean {
  const [outerSides, innerSides] = [sidesOf(outer), sidesOf(inner)];
  if (outerSides === null || innerSides === null) return outer === inner;
  if (innerSides[1] === UNMODELLED && outerSides[1] !== UNMODELLED) return false;
  return outerSides.every((side, index) => globCovers(side, innerSides[index] ?? ''));
}

function sidesOf(pattern: string): readonly [service: string, name: string] | null {
  if (pattern === '*') return ['*', '*'];
  const [service, name, ...rest] = pattern.split(':');
  return service === undefined || name === undefined || rest.length > 0 ? null : [service, name];
}
