import type { Arn } from '../aws/arn.ts';
import { compileGlob, globCovers } from './glob.ts';
import type { Glob } from './glob.ts';

/** The six parts of an ARN, each a glob of its own: a `*` never reaches over the colon into the account. */
export interface ArnPattern {
  readonly parts: readonly [string, string, string, string, string, string];
  readonly matches: (arn: Arn) => boolean;
}

/** Compiles `arn:partition:service:region:account:resource`; null when it has fewer parts. */
export function compileArnPattern(pattern: string): ArnPattern | null {
  const [scheme, partition, service, region, account, ...rest] = pattern.split(':');
  if (scheme !== 'arn' || partition === undefined || service === undefined) return null;
  if (region === undefined || account === undefined || rest.length === 0) return null;
  const resource = rest.join(':');
  const globs = [partition, service, region, account, resource].map(compileGlob);
  return {
    parts: [scheme, partition, service, region, account, resource],
    matches: (arn) => {
      const texts = [arn.partition, arn.service, arn.region, arn.accountId, arn.resource];
      return globs.every((glob: Glob, index) => glob(texts[index] ?? ''));
    },
  };
}

/** Whether every ARN that matches `inner` matches `outer`; conservative as `globCovers` is. */
export function arnPatternCovers(outer: ArnPattern, inner: ArnPattern): boolean {
  return outer.parts.every((part, index) => globCovers(part, inner.parts[index] ?? ''));
}
