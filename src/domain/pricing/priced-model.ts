import { isProfilePrefix } from '../policy/profile-regions.ts';
import { parseModelReference } from '../policy/model-reference.ts';
import { remember } from '../remember.ts';
import type { ModelPrices, PriceScope } from './book-content.ts';
import { modelKeyOfId } from './model-names.ts';

/** A model as prices are looked up: which one it is and how its requests are routed. */
export interface PricedModel {
  /** Its key in the book, without profile prefix. */
  readonly key: string;
  readonly scope: PriceScope;
  /** The prefix of a geographic profile (`eu`); null for others. */
  readonly geography: string | null;
  /** Where it is called, when the name says so (an ARN). */
  readonly region: string | null;
}

/** The key under which AWS's lists have a model whose id nobody knows but by its name. */
export function keyByName(modelKey: string): string {
  return `*.${modelKey}`;
}

/**
 * Which model of the book an id, a profile id or an ARN names. Ids that are written in the book as they are come first;
 * a prefix before a known model is that of a profile, also one of a geography that is newer than this program. Null for
 * what the book does not have.
 */
export function findModel(modelId: string, models: ReadonlyMap<string, ModelPrices>): PricedModel | null {
  let find = finders.get(models);
  if (find === undefined) {
    find = remember((id) => lookUp(id, models), { textsMax: 1000, textLengthMax: 512 });
    finders.set(models, find);
  }
  return find(modelId);
}

/** Calls name few models, each many times. */
const finders = new WeakMap<ReadonlyMap<string, ModelPrices>, (modelId: string) => PricedModel | null>();

function lookUp(modelId: string, models: ReadonlyMap<string, ModelPrices>): PricedModel | null {
  const reference = parseModelReference(modelId);
  const id = reference.kind === 'foundation-model' || reference.kind === 'inference-profile' ? reference.id : modelId;
  const region = reference.kind === 'unknown' ? null : reference.region;
  const own = knownKey(id, models);
  if (own !== null) return { key: own, scope: 'in-region', geography: null, region };
  const dot = id.indexOf('.');
  const [prefix, rest] = [id.slice(0, Math.max(dot, 0)), id.slice(dot + 1)];
  if (!isProfilePrefix(prefix) && reference.kind !== 'inference-profile') return null;
  const behind = knownKey(rest, models);
  if (behind === null) return null;
  return prefix === 'global'
    ? { key: behind, scope: 'global', geography: null, region }
    : { key: behind, scope: 'geo', geography: prefix, region };
}

/** As it is written, without the context length of a provisioned model (`:28k`), or by its name. */
function knownKey(id: string, models: ReadonlyMap<string, ModelPrices>): string | null {
  if (models.has(id)) return id;
  const plain = id.replace(/:\d+k$/, '');
  if (models.has(plain)) return plain;
  // Without a company in front it is no model id.
  const named = keyByName(modelKeyOfId(plain));
  return plain.includes('.') && models.has(named) ? named : null;
}
