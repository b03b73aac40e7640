import { arnPatternCovers, compileArnPattern } from './arn-pattern.ts';
import type { ArnPattern } from './arn-pattern.ts';
import { compileGlob, globCovers } from './glob.ts';
import type { ResourceReference } from './resource-reference.ts';

/** Where a resource that is named by its id alone is: in the gateway's own account, in the region of the request. */
export interface OwnPlace {
  readonly region: string;
  /** Null while the gateway does not know its account. */
  readonly accountId: string | null;
}

export type ResourcePattern = (reference: ResourceReference, own: OwnPlace) => boolean;

/**
 * Compiles an entry of a resource list: an id (`KB12345678`, in whatever account), `type/id` (`knowledge-base/*`), an
 * ARN, an S3 place (`s3://bucket/team-a/*`), or `*`. Case counts. Parts of a resource (aliases, versions, endpoints)
 * go with it. An ARN allows a bare id where its account is the gateway's own; while that is unknown, only with `*` there.
 */
export function compileResourcePattern(pattern: string): ResourcePattern {
  if (pattern === '*') return () => true;
  const matches = compileGlob(pattern);
  if (pattern.startsWith('s3://')) return (reference) => reference.kind === 's3' && matches(reference.place);
  const arn = compileArnPattern(pattern);
  if (arn !== null) return ofArn(arn);
  const isTyped = pattern.includes('/');
  return (reference) => {
    if (reference.kind !== 'resource' || reference.id === null) return false;
    return matches(isTyped ? `${reference.type}/${reference.id}` : reference.id);
  };
}

function ofArn(pattern: ArnPattern): ResourcePattern {
  const [, , service, region, account, resource] = pattern.parts;
  const [matchesRegion, matchesAccount, matchesResource] = [region, account, resource].map(compileGlob);
  return (reference, own) => {
    if (reference.kind === 'unknown') return false;
    const { arn } = reference;
    if (arn !== null && pattern.matches(arn)) return true;
    if (reference.kind === 's3' || reference.id === null) return false;
    const whole = `${reference.type}/${reference.id}`;
    if (arn !== null) return pattern.matches({ ...arn, resource: whole });
    const isOwnAccount = own.accountId === null ? account === '*' : matchesAccount?.(own.accountId) === true;
    return (
      service.startsWith('bedrock') &&
      isOwnAccount &&
      matchesRegion?.(own.region) === true &&
      matchesResource?.(whole) === true
    );
  };
}

/** Whether everything the entry `inner` allows is allowed by `outer` too; false where that is not certain. */
export function resourcePatternCovers(outer: string, inner: string): boolean {
  if (outer === '*' || outer === inner) return true;
  if (formOf(outer) !== formOf(inner)) return false;
  const [outerArn, innerArn] = [compileArnPattern(outer), compileArnPattern(inner)];
  if (outerArn !== null && innerArn !== null) return arnPatternCovers(outerArn, innerArn);
  return outerArn === null && innerArn === null && globCovers(outer, inner);
}

/** Patterns of one form are compared with one text of a reference, so that coverage of the patterns is coverage of them. */
function formOf(pattern: string): 's3' | 'arn' | 'typed' | 'id' {
  if (pattern.startsWith('s3://')) return 's3';
  if (pattern.startsWith('arn:')) return 'arn';
  return pattern.includes('/') ? 'typed' : 'id';
}
