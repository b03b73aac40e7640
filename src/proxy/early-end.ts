import { OutputGuess } from '../domain/limits/output-guess.ts';
import type { AnswerListener } from './answer-listener.ts';
import { BudgetWatch } from './budget-watch.ts';
import type { Call } from './call.ts';
import type { Proxy } from './proxy.ts';

const BUDGET_SPENT = 'A budget that this request runs under has been spent.';

/** Whether a stream has to end before Bedrock ends it. */
export class EarlyEnd {
  readonly #budgets: BudgetWatch;
  readonly #tokensMax: number;
  readonly #guess: OutputGuess | null;

  constructor({ metered, startedMs }: Call, proxy: Proxy) {
    this.#budgets = new BudgetWatch({ charges: metered?.charges ?? [], startedMs }, proxy);
    const tokensMax = metered?.outputEndsAt ?? null;
    this.#tokensMax = tokensMax ?? Infinity;
    this.#guess = tokensMax === null ? null : new OutputGuess();
  }

  /** Who has to see its frames for that; null where nobody needs to. */
  get listener(): AnswerListener | null {
    return this.#guess;
  }

  /** What its client is told; null while it may go on. */
  get reason(): string | null {
    if (this.#budgets.isSpent) return BUDGET_SPENT;
    if (this.#guess === null || this.#guess.tokens <= this.#tokensMax) return null;
    return `The key of this request may get ${this.#tokensMax} output tokens at once (max_output_tokens_reserved), and has got about as many.`;
  }
}
