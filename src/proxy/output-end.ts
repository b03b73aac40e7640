import type { Frame } from '../domain/aws/event-stream/frame-reader.ts';
import { OutputGuess } from '../domain/limits/output-guess.ts';
import type { AnswerListener } from './answer-listener.ts';
import type { MeteredCall } from './metered-call.ts';

/** Tells a stream that its key may get no more output than has gone by. */
export class OutputEnd implements AnswerListener {
  readonly #tokensMax: number;
  readonly #guess = new OutputGuess();

  /** Null for a call whose output ends by itself. */
  static of(metered: MeteredCall | null): OutputEnd | null {
    const tokensMax = metered?.outputEndsAt ?? null;
    return tokensMax === null ? null : new OutputEnd(tokensMax);
  }

  constructor(tokensMax: number) {
    this.#tokensMax = tokensMax;
  }

  /** What its client is told; null while there may be more. */
  get reached(): string | null {
    if (this.#guess.tokens <= this.#tokensMax) return null;
    return `The key of this request may get ${this.#tokensMax} output tokens at once (max_output_tokens_reserved), and has got about as many.`;
  }

  frame(frame: Frame): void {
    this.#guess.frame(frame);
  }

  push(): void {
    // What comes as a whole can't be ended anywhere.
  }
}
