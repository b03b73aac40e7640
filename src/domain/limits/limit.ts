import { matchesGlob } from '../policy/glob.ts';
import { parseModelReference, type ModelReference } from '../policy/model-reference.ts';
import { type LimitWindow, windowLengthMs, windowText } from './window.ts';

export const LIMIT_KINDS = ['requests', 'inputTokens', 'outputTokens', 'totalTokens', 'concurrency', 'spend'] as const;

/** What is counted. Input tokens are all that went in, from caches too; `concurrency` is requests at the same time. */
export type LimitKind = (typeof LIMIT_KINDS)[number];

/** Whose calls count. The id of `all` is empty. */
export interface LimitScope {
  readonly kind: 'all' | 'team' | 'user' | 'key' | 'customer' | 'tag';
  readonly id: string;
}

/** More than `max` for a while. */
export interface TemporaryIncrease {
  readonly amount: number;
  readonly untilMs: number;
}

/** A bound on what the calls of a scope use over a window. */
export interface Limit {
  /** Name of its counter: the same for the same thing counted, whatever the maximum is. */
  readonly id: string;
  readonly kind: LimitKind;
  /** A safe integer: requests, tokens, or nano-dollars for spend. */
  readonly max: number;
  readonly increase: TemporaryIncrease | null;
  readonly window: LimitWindow;
  readonly scope: LimitScope;
  /** A glob over model ids: only calls of such a model count; null for all calls. */
  readonly model: string | null;
  /** Only calls that carry this tag count; null for all calls. */
  readonly tag: string | null;
  /** A hard limit refuses calls; one that is not only tells. */
  readonly hard: boolean;
  /**
   * What a call holds of a hard limit while it runs: the proven upper bound of its use, so that the limit is never
   * passed; or what such calls usually use, so that it may be passed by what those under way use beyond that.
   */
  readonly reserve: 'upperBound' | 'usual';
}

type LimitWords = Omit<Limit, 'id' | 'increase' | 'model' | 'tag' | 'hard' | 'reserve'> &
  Partial<Pick<Limit, 'increase' | 'model' | 'tag' | 'hard' | 'reserve'>>;

/** A limit with its id and with what was left out: hard, of the upper bound, for all models and tags. */
export function makeLimit(words: LimitWords): Limit {
  const full = { increase: null, model: null, tag: null, hard: true, reserve: 'upperBound', ...words } as const;
  return { ...full, id: counterName(full) };
}

/** Every free text in it is escaped, so that no customer can be named like the counter of another. */
function counterName({ kind, window, scope, model, tag, hard }: Omit<Limit, 'id'>): string {
  const parts = [`${scope.kind}:${encodeURIComponent(scope.id)}`, kind, windowText(window)];
  if (model !== null) parts.push(`model:${encodeURIComponent(model)}`);
  if (tag !== null) parts.push(`tag:${encodeURIComponent(tag)}`);
  if (!hard) parts.push('soft');
  return parts.join('/');
}

/** The maximum at a moment, with a temporary increase that has not run out. */
export function maxAt({ max, increase }: Limit, nowMs: number): number {
  if (increase === null || nowMs >= increase.untilMs) return max;
  return Math.min(Number.MAX_SAFE_INTEGER, max + increase.amount);
}

/** What a call is, for the limits that concern only some calls. */
export interface LimitedCall {
  /** Every name of every model it uses, see `modelNames`. */
  readonly models: readonly string[];
  readonly tags: readonly string[];
}

export function appliesTo({ model, tag }: Limit, call: LimitedCall): boolean {
  if (tag !== null && !call.tags.includes(tag)) return false;
  return model === null || call.models.some((name) => matchesGlob(model, name));
}

/** The names by which a limit may mean a model: as the client wrote it, its id, and the id behind a profile. */
export function modelNames(reference: ModelReference): readonly string[] {
  const names = [reference.text];
  if (reference.kind === 'foundation-model' || reference.kind === 'inference-profile') names.push(reference.id);
  if (reference.kind === 'inference-profile' && reference.modelId !== null) names.push(reference.modelId);
  return [...new Set(names)];
}

/** The same of all models of a call: live, and when counters begin with what the ledger has. */
export function namesOfModels(modelId: string | null, otherModels: readonly string[]): readonly string[] {
  const models = modelId === null ? otherModels : [modelId, ...otherModels];
  return [...new Set(models.flatMap((model) => modelNames(parseModelReference(model))))];
}

const RATE_WINDOW_MS_MAX = 3_600_000;

/**
 * Whether a limit protects capacity rather than money: concurrency, and requests or tokens over an hour at most. What
 * it gives away by mistake is soon over, so it goes on by a local share while the counters of the fleet are out of reach.
 */
export function isRate({ kind, window }: Limit): boolean {
  return kind !== 'spend' && windowLengthMs(window) <= RATE_WINDOW_MS_MAX;
}
