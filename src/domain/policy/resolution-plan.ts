import { parseArn } from '../aws/arn.ts';
import type { Operation } from '../operations/operation.ts';
import type { ServiceId } from '../operations/services.ts';
import { OPERATIONS } from '../operations/table.ts';
import { MODEL_LOOKUPS } from './model-lookup.ts';
import type { ModelLookup } from './model-lookup.ts';
import type { ModelReference } from './model-reference.ts';

/** One question to AWS. */
export interface Question {
  readonly lookup: ModelLookup;
  readonly service: ServiceId;
  /** Percent-encoded, as on the wire. */
  readonly path: string;
  /** Without the question mark; mostly empty. */
  readonly query: string;
  /** The version the answer has to be about; null where there are none. */
  readonly version: string | null;
}

/** How it is found out what a reference stands for. */
export type ResolutionPlan =
  | { readonly kind: 'ask'; readonly questions: readonly Question[] }
  | { readonly kind: 'unresolvable'; readonly why: string };

/** Where the request goes, and in whose name. */
export interface AskingFrom {
  readonly region: string;
  /** The gateway's own AWS account at a service; null while it is not known. */
  readonly accountOf: (service: ServiceId) => string | null;
}

/** AWS's own bounds are far below. */
const MODELS_MAX = 100;
const MODEL_TEXT_LENGTH_MAX = 2048;

const ACCOUNT_ID = /^\d{12}$/;
/** Type and ids, none of which a reader could take for a step up the path. */
const RESOURCE = /^[a-z-]+(?:\/[A-Za-z0-9][A-Za-z0-9._:-]*)+$/;
const VERSIONED = /^(arn:(?:[^:]*:){4}[^:]+):(\d{1,5})$/;

/**
 * What to ask AWS about a reference. What is in another region or account is not asked about: the request could not use
 * it, and nobody should learn by it what others have. Pure and total.
 */
export function planResolution(reference: ModelReference, from: AskingFrom): ResolutionPlan {
  if (reference.kind !== 'to-resolve') return unresolvable('it stands for nothing else');
  const lookups = MODEL_LOOKUPS[reference.resource];
  if (lookups.length === 0) return unresolvable('AWS does not tell which model it is');
  if (reference.text.startsWith('arn:')) {
    const arn = parseArn(reference.text);
    if (arn === null || !RESOURCE.test(arn.resource)) return unresolvable('it has no form of AWS');
    if (!ACCOUNT_ID.test(arn.accountId)) return unresolvable('it names no account');
    if (arn.region !== from.region) return unresolvable(`it is not in ${from.region}, where the request goes`);
    const isElsewhere = lookups.some(({ service }) => (from.accountOf(service) ?? arn.accountId) !== arn.accountId);
    if (isElsewhere) return unresolvable('it belongs to another account');
  }
  return { kind: 'ask', questions: lookups.map((lookup) => questionOf(lookup, reference.text)) };
}

/** The models an answer names, or null where it does not say all of them, or is about something else. Pure and total. */
export function modelsOf({ lookup, version }: Question, answer: unknown): readonly string[] | null {
  if (version !== null && lookup.version !== undefined) {
    const [answered] = textsAt(answer, [lookup.version.member]) ?? [];
    if (answered !== version) return null;
  }
  if (lookup.otherwise !== undefined && isAnywhere(answer, lookup.otherwise)) return null;
  const models = new Set<string>();
  for (const path of lookup.models) {
    const texts = textsAt(answer, path);
    if (texts === null) return null;
    for (const text of texts) models.add(text);
  }
  return models.size > MODELS_MAX ? null : [...models];
}

function questionOf(lookup: ModelLookup, text: string): Question {
  const { service, operation, label } = lookup;
  const [, unversioned, version] = lookup.version === undefined ? [] : (VERSIONED.exec(text) ?? []);
  return {
    lookup,
    service,
    path: pathOf(service, operation).replace(`{${label}}`, () => encodeURIComponent(unversioned ?? text)),
    query: lookup.version === undefined || version === undefined ? '' : `${lookup.version.query}=${version}`,
    version: lookup.version === undefined ? null : (version ?? lookup.version.whenNone),
  };
}

function pathOf(service: ServiceId, name: string): string {
  const operation = OPERATIONS.find((one: Operation) => one.service === service && one.name === name);
  if (operation === undefined) throw new Error(`There is no operation ${service}:${name}.`);
  return operation.path;
}

/** Every text at a path; null where one is missing on the way, since what is not told may be anything. */
function textsAt(value: unknown, path: readonly string[]): readonly string[] | null {
  const [step, ...rest] = path;
  if (step === undefined) {
    const isName = typeof value === 'string' && value !== '' && value.length <= MODEL_TEXT_LENGTH_MAX;
    return isName ? [value] : null;
  }
  if (step !== '[]') return textsAt(memberOf(value, step), rest);
  if (!Array.isArray(value) || value.length === 0 || value.length > MODELS_MAX) return null;
  const texts: string[] = [];
  for (const item of value) {
    const found = textsAt(item, rest);
    if (found === null) return null;
    texts.push(...found);
  }
  return texts;
}

/** Whether anything at all stands at a path. */
function isAnywhere(value: unknown, path: readonly string[]): boolean {
  const [step, ...rest] = path;
  if (step === undefined) return value !== undefined && value !== null;
  if (step === '[]') return Array.isArray(value) && value.some((item) => isAnywhere(item, rest));
  return isAnywhere(memberOf(value, step), rest);
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name);
}

function unresolvable(why: string): ResolutionPlan {
  return { kind: 'unresolvable', why };
}
