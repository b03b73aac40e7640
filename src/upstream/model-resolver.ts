import { LRUCache } from 'lru-cache';
import { Refusal } from '../domain/errors.ts';
import type { Resolution, Resolutions } from '../domain/policy/judge-models.ts';
import type { ModelReference } from '../domain/policy/model-reference.ts';
import { modelsOf, planResolution } from '../domain/policy/resolution-plan.ts';
import type { Question } from '../domain/policy/resolution-plan.ts';
import type { AwsIdentities, Clock, Log, ModelResolver } from '../ports.ts';
import { controlPlaneGet } from './model-resolver-call.ts';
import type { ControlPlaneAnswer, ControlPlaneOptions } from './model-resolver-call.ts';
import { createRate } from './model-resolver-rate.ts';

export interface ModelResolverOptions extends Omit<ControlPlaneOptions, 'timeoutMs'> {
  readonly identities: AwsIdentities;
  readonly clock: Clock;
  readonly log: Log;
  /** For one question, from sending to the last byte. */
  readonly timeoutMs: number;
}

/** What one question brought, and for how long that counts. */
type Finding =
  | { readonly kind: 'models'; readonly models: readonly string[]; readonly holdsMs: number }
  /** AWS has nothing of that name. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'failed'; readonly why: string };

interface Entry {
  readonly resolution: Resolution;
  readonly untilMs: number;
}

/** AWS lets an account read such things only a few times a second, and that is for all keys together. */
const KEY_RATE = { perSecond: 5, burst: 20, holdersMax: 10_000 };
const QUESTIONS_MAX = 64;

const KNOWN_MAX = 10_000;
/** Names that stand for nothing are cheap to make up, so they must not push out those that do. */
const UNRESOLVABLE_MAX = 2000;
const UNKNOWN_MS = 10_000;
/** Long enough to spare a control plane that is in trouble, short enough to see it recover. */
const FAILED_MS = 2000;

const NOT_NOW: Resolution = { kind: 'unresolvable', why: 'too much is being looked up, try again in a second' };

/**
 * Asks AWS what an account's own model resources stand for, and remembers it for as long as the kind of the resource
 * allows. It says `unresolvable` where it can't find out, also while the control plane is down: what can't be told is
 * refused, and not with a 503, which clients would repeat against a control plane in trouble.
 */
export class AwsModelResolver implements ModelResolver {
  readonly #options: ModelResolverOptions;
  readonly #known = new LRUCache<string, Entry>({ max: KNOWN_MAX });
  readonly #unresolvable = new LRUCache<string, Entry>({ max: UNRESOLVABLE_MAX });
  readonly #running = new Map<string, Promise<Resolution>>();
  readonly #takeFrom = createRate(KEY_RATE);
  #questions = 0;

  constructor(options: ModelResolverOptions) {
    this.#options = options;
  }

  /** @throws Refusal noCredentials */
  async resolve(
    references: readonly ModelReference[],
    asker: { readonly region: string; readonly keyId: string },
  ): Promise<Resolutions> {
    const found = references.map(
      async (reference) => [reference.text, await this.#resolveOne(reference, asker)] as const,
    );
    return new Map(await Promise.all(found));
  }

  #resolveOne(
    reference: ModelReference,
    { region, keyId }: { readonly region: string; readonly keyId: string },
  ): Resolution | Promise<Resolution> {
    const { clock, identities } = this.#options;
    const name = `${region} ${reference.text}`;
    const nowMs = clock.elapsedMs();
    const entry = this.#known.get(name) ?? this.#unresolvable.get(name);
    if (entry !== undefined && nowMs < entry.untilMs) return entry.resolution;
    const running = this.#running.get(name);
    if (running !== undefined) return running;

    const plan = planResolution(reference, { region, accountOf: (service) => identities.accountOf(service) });
    if (plan.kind === 'unresolvable') return plan;
    const count = plan.questions.length;
    if (this.#questions + count > QUESTIONS_MAX || !this.#takeFrom(keyId, count, nowMs)) return NOT_NOW;

    this.#questions += count;
    const finding = this.#ask(name, plan.questions, region, nowMs).finally(() => {
      this.#questions -= count;
      this.#running.delete(name);
    });
    this.#running.set(name, finding);
    return finding;
  }

  async #ask(name: string, questions: readonly Question[], region: string, askedMs: number): Promise<Resolution> {
    const findings = await Promise.all(questions.map((question) => this.#findingOf(question, region)));
    const { resolution, holdsMs } = together(findings);
    const [kept, other] =
      resolution.kind === 'models' ? [this.#known, this.#unresolvable] : [this.#unresolvable, this.#known];
    // From when it was asked: what has changed since then is not in the answer.
    kept.set(name, { resolution, untilMs: askedMs + holdsMs });
    other.delete(name);
    return resolution;
  }

  async #findingOf(question: Question, region: string): Promise<Finding> {
    const { service, path, query, lookup } = question;
    const operation = `${service}:${lookup.operation}`;
    try {
      const answer = await controlPlaneGet({ service, region, path, query }, this.#options);
      const finding = findingFrom(question, operation, answer);
      if (finding.kind === 'failed') {
        this.#options.log.warn({ operation, region, status: answer.status }, 'a model resource can not be resolved');
      }
      return finding;
    } catch (cause) {
      // Without credentials the request could not go on anyway, and that refusal says what to do.
      if (cause instanceof Refusal) throw cause;
      this.#options.log.warn({ operation, region, err: cause }, 'a model resource can not be resolved');
      return { kind: 'failed', why: `${operation} of AWS can't be asked right now` };
    }
  }
}

function findingFrom(question: Question, operation: string, { status, body }: ControlPlaneAnswer): Finding {
  switch (status) {
    case 200: {
      const models = modelsOf(question, parseJson(body));
      if (models !== null) return { kind: 'models', models, holdsMs: question.lookup.holdsMs };
      return { kind: 'failed', why: `${operation} does not tell every model` };
    }
    // 400: a name that can't be that of such a thing.
    case 400:
    case 404:
      return { kind: 'unknown' };
    case 403:
      return { kind: 'failed', why: `the gateway's AWS identity may not call ${operation} on it` };
    default:
      return { kind: 'failed', why: `${operation} of AWS can't be asked right now` };
  }
}

/** Everything that is known under a name counts; while one of the answers is missing, nothing is certain. */
function together(findings: readonly Finding[]): { resolution: Resolution; holdsMs: number } {
  const models = new Set<string>();
  let holdsMs = Number.POSITIVE_INFINITY;
  for (const finding of findings) {
    if (finding.kind === 'failed') {
      return { resolution: { kind: 'unresolvable', why: finding.why }, holdsMs: FAILED_MS };
    }
    if (finding.kind === 'unknown') continue;
    for (const model of finding.models) models.add(model);
    holdsMs = Math.min(holdsMs, finding.holdsMs);
  }
  if (models.size > 0) return { resolution: { kind: 'models', models: [...models] }, holdsMs };
  return { resolution: { kind: 'unresolvable', why: 'AWS does not know it' }, holdsMs: UNKNOWN_MS };
}

/** Undefined for what is no JSON. */
function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
