import type { Caller } from '../domain/caller.ts';
import { MODEL_LOOKUPS } from '../domain/policy/model-lookup.ts';
import { parseModelReference, type ModelReference } from '../domain/policy/model-reference.ts';
import { modelsBehind, type PricedAs } from '../domain/pricing/price-model.ts';
import type { Proxy } from './proxy.ts';

/** A prompt may name a router, a router a profile of the account, a profile a model. */
const ROUNDS_MAX = 4;
/** As many as the ledger keeps of a call, with those it names. */
const MODELS_MAX = 64;

const NONE: readonly string[] = [];

/** What a call may be asked about: by its region, in the name of its caller. */
export interface Asker {
  readonly region: string;
  readonly keyId: string;
}

export function askerOf(caller: Caller, region: string): Asker {
  return { region, keyId: caller.kind === 'key' ? caller.keyId : caller.kind };
}

/** The models of a call beside the one that answers: others that it names, and those it is priced as. */
export function otherModels(
  answering: string | null,
  others: readonly string[],
  pricedAs: PricedAs,
): readonly string[] {
  const behind = modelsBehind(pricedAs);
  // Nearly every call is for one model under its own name.
  if (others.length === 0 && (behind.length === 0 || (behind.length === 1 && behind[0] === answering))) return NONE;
  const all = new Set([...others, ...behind]);
  if (answering !== null) all.delete(answering);
  return all.size === 0 ? NONE : [...all];
}

/**
 * The same with all that AWS tells of what they stand for. Pricing asks only where the price is that of what stands behind;
 * limits by model count provisioned and custom models, and those of other steps, as what they are made of. What AWS does
 * not tell goes by its own name.
 * @returns a promise only where AWS has to be asked
 * @throws Refusal noCredentials
 */
export function withModelsBehind(
  answering: string | null,
  others: readonly string[],
  asker: Asker,
  proxy: Proxy,
): readonly string[] | Promise<readonly string[]> {
  const toAsk = askable(answering === null ? others : [answering, ...others]);
  return toAsk.length === 0 ? others : resolved(toAsk, answering, others, asker, proxy);
}

async function resolved(
  first: readonly ModelReference[],
  answering: string | null,
  others: readonly string[],
  asker: Asker,
  { modelResolver }: Proxy,
): Promise<readonly string[]> {
  const all = new Set(others);
  const asked = new Set<string>();
  let toAsk = first;
  for (let round = 0; round < ROUNDS_MAX && toAsk.length > 0; round += 1) {
    for (const { text } of toAsk) asked.add(text);
    const found = await modelResolver.resolve(toAsk, asker);
    const names = [...found.values()].flatMap((resolution) => (resolution.kind === 'models' ? resolution.models : []));
    for (const name of names) all.add(idOf(name));
    toAsk = askable(names).filter(({ text }) => !asked.has(text));
  }
  if (answering !== null) all.delete(answering);
  return [...all].slice(0, MODELS_MAX);
}

/** A profile of several regions names a model once for each of them, which limits count as one. */
function idOf(text: string): string {
  const reference = parseModelReference(text);
  return reference.kind === 'foundation-model' ? reference.id : text;
}

function askable(texts: readonly string[]): readonly ModelReference[] {
  return texts
    .map((text) => parseModelReference(text))
    .filter((reference) => reference.kind === 'to-resolve' && MODEL_LOOKUPS[reference.resource].length > 0);
}
