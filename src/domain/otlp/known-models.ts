import type { CallRecord } from '../call-record.ts';

/** Stands for all that have no series of their own. */
export const OTHER = 'other';

/**
 * Which names of models get series of their own. Clients may ask for anything, and a series stays for ever: so a name
 * counts once a call to it has succeeded, and there is a bound.
 */
export class KnownModels {
  readonly #names = new Set<string>();
  readonly #namesMax: number;

  constructor(namesMax: number) {
    this.#namesMax = namesMax;
  }

  /** @returns what to call the model of a call; empty where it names none */
  nameOf({ modelId, status, outcome }: CallRecord): string {
    if (modelId === null) return '';
    if (this.#names.has(modelId)) return modelId;
    const hasSucceeded = outcome !== 'refused' && status !== null && status < 300;
    if (!hasSucceeded || this.#names.size >= this.#namesMax) return OTHER;
    this.#names.add(modelId);
    return modelId;
  }
}
