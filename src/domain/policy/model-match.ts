import { parseArn } from '../aws/arn.ts';
import { arnPatternCovers, compileArnPattern } from './arn-pattern.ts';
import type { ArnPattern } from './arn-pattern.ts';
import { compileGlob, globCovers } from './glob.ts';
import type { ModelReference } from './model-reference.ts';
import { isProfilePrefix } from './profile-regions.ts';

/** One entry of a model list. */
export interface ModelPattern {
  /** Whether it allows a model or profile that is known without asking AWS, called in `requestRegion`. */
  readonly allows: (model: KnownModel, requestRegion: string) => boolean;
  /** Whether it allows a reference as it is written, so that what that stands for need not be looked up. */
  readonly allowsText: (reference: ModelReference) => boolean;
}

/** A reference whose models are known without asking AWS. */
export type KnownModel = Extract<ModelReference, { kind: 'foundation-model' | 'inference-profile' }>;

/**
 * Compiles an entry of a model list. Case counts. `anthropic.claude-*` allows these models and every geographic or
 * global profile of them; an entry that writes the geography out (`eu.anthropic.claude-*`) allows that profile alone.
 * An ARN allows what it names; its region must be the one the model is called in. A glob over ids says nothing about
 * resources of users (application inference profiles, prompts, …): those are looked up, or named by text or ARN.
 */
export function compileModelPattern(pattern: string): ModelPattern {
  const arn = compileArnPattern(pattern);
  return arn === null ? ofId(pattern) : ofArn(pattern, arn);
}

function ofId(pattern: string): ModelPattern {
  const matches = compileGlob(pattern);
  return {
    allows: (model) =>
      matches(model.id) || (model.kind === 'inference-profile' && model.modelId !== null && matches(model.modelId)),
    allowsText: ({ kind, text }) => pattern === '*' || (kind === 'to-resolve' && pattern === text),
  };
}

function ofArn(pattern: string, arn: ArnPattern): ModelPattern {
  const [, , service, region, , resource] = arn.parts;
  const isBedrock = compileGlob(service)('bedrock');
  const [matchesRegion, matchesResource] = [compileGlob(region), compileGlob(resource)];
  return {
    // The types of ARNs are the kinds of references.
    allows: (model, requestRegion) =>
      isBedrock && matchesRegion(model.region ?? requestRegion) && matchesResource(`${model.kind}/${model.id}`),
    allowsText: ({ kind, text }) => {
      if (kind !== 'to-resolve') return false;
      if (pattern === text) return true;
      const named = parseArn(text);
      return named !== null && arn.matches(named);
    },
  };
}

/** Whether everything the entry `inner` allows is allowed by `outer` too; false where that is not certain. */
export function modelPatternCovers(outer: string, inner: string): boolean {
  if (outer === '*' || outer === inner) return true;
  const [outerArn, innerArn] = [compileArnPattern(outer), compileArnPattern(inner)];
  if (innerArn !== null) return outerArn !== null && arnPatternCovers(outerArn, innerArn);
  if (outerArn !== null || !inner.includes('.')) return false;
  if (globCovers(outer, inner)) return true;
  const [prefix = ''] = inner.split('.', 1);
  return isProfilePrefix(prefix) && globCovers(outer, inner.slice(prefix.length + 1));
}
