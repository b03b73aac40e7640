import { LRUCache } from 'lru-cache';
import type { Attribution } from '../domain/call-record.ts';
import type { Caller } from '../domain/caller.ts';
import { Refusal } from '../domain/errors.ts';
import type { Limit } from '../domain/limits/limit.ts';
import type { CallerLimits } from '../ports.ts';
import type { KeyNews } from './key-holders.ts';

/** What is kept of an end user that somebody has set up. */
export interface CustomerRules {
  readonly blocked: boolean;
  readonly limits: readonly Limit[];
}

export interface KnownLimitsOptions {
  /** Of everything together. */
  readonly ofAll: readonly Limit[];
  /** By tag. */
  readonly ofTags: ReadonlyMap<string, readonly Limit[]>;
  /** Null for an end user nobody has set up. @throws when the store can't be asked */
  readonly findCustomer: (customerId: string) => Promise<CustomerRules | null>;
}

/** Clients name end users as they like, so unknown ones are remembered within the same bound. */
const CUSTOMERS_MAX = 50_000;
const NOBODY: CustomerRules = { blocked: false, limits: [] };

/** The limits a call runs under, from memory. Only of an end user seen for the first time the store has to be asked. */
export class KnownLimits implements CallerLimits {
  readonly #options: KnownLimitsOptions;
  readonly #customers = new LRUCache<string, CustomerRules>({ max: CUSTOMERS_MAX });
  readonly #lookups = new Map<string, Promise<CustomerRules>>();
  #newsHeard = 0;

  constructor(options: KnownLimitsOptions) {
    this.#options = options;
  }

  of(caller: Caller, attribution: Attribution): readonly Limit[] | Promise<readonly Limit[]> {
    const { customerId } = attribution;
    if (customerId === null) return this.#limits(caller, attribution, NOBODY);
    const known = this.#customers.get(customerId);
    if (known !== undefined) return this.#limits(caller, attribution, known);
    return this.#lookUp(customerId).then((customer) => this.#limits(caller, attribution, customer));
  }

  /** Takes out end users that have changed, and all of them where more may have. */
  hear(news: KeyNews): void {
    this.#newsHeard += 1;
    if (news === 'everything' || news.some(({ kind }) => kind === 'budget')) {
      this.#customers.clear();
      return;
    }
    for (const { kind, id } of news) if (kind === 'customer') this.#customers.delete(id);
  }

  #limits(caller: Caller, { tags }: Attribution, customer: CustomerRules): readonly Limit[] {
    if (customer.blocked) throw new Refusal('accessDenied', 'The end user that this request names is blocked.');
    const { ofAll, ofTags } = this.#options;
    const ofKey = caller.kind === 'key' ? caller.limits : [];
    // Nearly always there is nothing to put together.
    if (ofAll.length === 0 && customer.limits.length === 0 && (ofTags.size === 0 || tags.length === 0)) return ofKey;
    return [...ofAll, ...ofKey, ...customer.limits, ...tags.flatMap((tag) => ofTags.get(tag) ?? [])];
  }

  #lookUp(customerId: string): Promise<CustomerRules> {
    const running = this.#lookups.get(customerId);
    if (running !== undefined) return running;
    const heard = this.#newsHeard;
    const lookup = this.#options
      .findCustomer(customerId)
      .then((found) => {
        const customer = found ?? NOBODY;
        // What changed while the store was asked may not be in its answer.
        if (heard === this.#newsHeard) this.#customers.set(customerId, customer);
        return customer;
      })
      .catch((error: unknown) => {
        throw new Refusal(
          'storeUnavailable',
          'Who the end user of this request is can not be looked up: try again.',
          error,
        );
      })
      .finally(() => this.#lookups.delete(customerId));
    this.#lookups.set(customerId, lookup);
    return lookup;
  }
}
