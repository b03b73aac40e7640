import type { Caller } from '../domain/caller.ts';
import type { NamedThings, NamingRequest } from '../domain/operations/named/named-things.ts';
import type { Needs } from '../domain/operations/named/places.ts';
import { readNamed } from '../domain/operations/named/read-named.ts';
import { needsOf } from '../domain/policy/decide.ts';
import { remember } from '../domain/remember.ts';
import { isFree } from '../domain/usage/free-operations.ts';

/** The models of a call, by the names that the request gives them. */
export interface ModelsNamed {
  /** The one that answers; null where the request does not say it. */
  readonly answering: string | null;
  /** What else it names: rerankers, models of steps and of other agents. Each once. */
  readonly others: readonly string[];
  /** Why nobody can say which models it names; null where that is known. */
  readonly untold: string | null;
}

const NO_NEEDS: Needs = { models: false, resources: false, actors: false };
const NONE: readonly string[] = [];
const NO_MODELS: ModelsNamed = { answering: null, others: NONE, untold: null };

/** More than any agent is made of. The ledger keeps them all, and a record has a bound. */
const OTHERS_MAX = 64;

/**
 * What a request names. Policy, limits and records ask for it one after the other; its body is read when the first of
 * them needs it, once for all. A model in the path is there without that.
 */
export class NamedInRequest {
  readonly #request: NamingRequest;
  readonly #needs: Needs;
  #things: NamedThings | null = null;

  constructor(request: NamingRequest, caller: Caller) {
    this.#request = request;
    this.#needs = caller.kind === 'key' ? needsOf(caller) : NO_NEEDS;
  }

  /** All that the policy of the caller is about. */
  get forPolicy(): NamedThings {
    const things = this.#read();
    const isReadForMore = this.#readsModels && !this.#needs.models;
    // A body whose models can't be told may still be one in which nothing the policy is about can be mistaken.
    return isReadForMore && things.actors.kind === 'undecidable' ? readNamed(this.#request, this.#needs) : things;
  }

  get models(): ModelsNamed {
    const inPath = this.#request.labels['modelId'];
    if (inPath !== undefined) {
      return { answering: inPath.includes('%') ? decoded(inPath) : inPath, others: NONE, untold: null };
    }
    return this.#readsModels ? modelsOf(this.#read()) : NO_MODELS;
  }

  /** What reads or costs nothing makes no model work, so nobody asks for which one it is. */
  get #readsModels(): boolean {
    const { operation, labels } = this.#request;
    return labels['modelId'] === undefined && operation.kind !== 'read' && !isFree(operation);
  }

  #read(): NamedThings {
    return (this.#things ??= readNamed(
      this.#request,
      this.#readsModels ? { ...this.#needs, models: true } : this.#needs,
    ));
  }
}

/** Nearly every model id has a colon in it, which clients write as `%3A`. */
const decoded = remember(decodeURIComponent, { textsMax: 1000, textLengthMax: 512 });

function modelsOf({ models, answering }: NamedThings): ModelsNamed {
  if (models.kind === 'undecidable') return { ...NO_MODELS, untold: models.why };
  const others = new Set(models.things.map(({ text }) => text));
  if (answering !== null) others.delete(answering.text);
  if (others.size > OTHERS_MAX) return { ...NO_MODELS, untold: `it names more than ${OTHERS_MAX} models` };
  return { answering: answering?.text ?? null, others: others.size === 0 ? NONE : [...others], untold: null };
}
