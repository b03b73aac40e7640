import type { JsonObject } from '../json.ts';
import { numberAt, objectAt } from '../json.ts';
import type { Pace } from '../pace.ts';
import { adjustPace } from '../pace.ts';

/** The text a simulated model replies with and what it costs: a function of the request alone. */

export interface Reply {
  readonly characters: number;
  readonly stopReason: 'end_turn' | 'max_tokens';
  /** The text in the pieces a stream sends it in. */
  pieces(): Iterable<string>;
}

export interface TokenUsage {
  /** Without what was read from or written to a prompt cache, as Bedrock counts. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  /** Whatever their lifetime. */
  readonly cacheWriteTokens: number;
  /** Those of them that live for an hour, not for five minutes. */
  readonly cacheWrite1hTokens: number;
}

const CHARACTERS_PER_TOKEN = 4;
const QUESTION_CHARACTERS_MAX = 200;
const NO_DIRECTIVES: JsonObject = {};

// Synthetic texts repeat after so many pieces, so that their frames can be encoded once and be sent many times.
const SYNTHETIC_TEXTS = 64;

/** Tokens of a text of that length: a quarter of its characters, rounded up. */
export function tokensOf(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}

/** The whole text of a reply. */
export function wholeText(reply: Reply): string {
  return [...reply.pieces()].join('');
}

/**
 * What a request asks of the simulator itself, from its body: `additionalModelRequestFields.simulator` or `simulator`.
 * SDKs let such fields through, which they do not with headers.
 */
function directivesOf(body: JsonObject): JsonObject {
  const nested = objectAt(objectAt(body, 'additionalModelRequestFields'), 'simulator');
  if (Object.keys(nested).length > 0) return nested;
  return 'simulator' in body ? objectAt(body, 'simulator') : NO_DIRECTIVES;
}

/** The pace of one answer: the simulator's, with what the request's directives change. */
export function paceOf(body: JsonObject, pace: Pace): Pace {
  return adjustPace(pace, directivesOf(body));
}

/** Token counts, with those the request's directives dictate in `usage`. */
export function dictatedUsage(body: JsonObject, counted: Omit<TokenUsage, 'cacheWrite1hTokens'>): TokenUsage {
  const usage = objectAt(directivesOf(body), 'usage');
  return {
    inputTokens: numberAt(usage, 'inputTokens') ?? counted.inputTokens,
    outputTokens: numberAt(usage, 'outputTokens') ?? counted.outputTokens,
    cacheReadTokens: numberAt(usage, 'cacheReadInputTokens') ?? counted.cacheReadTokens,
    cacheWriteTokens: numberAt(usage, 'cacheWriteInputTokens') ?? counted.cacheWriteTokens,
    cacheWrite1hTokens: numberAt(usage, 'cacheWrite1hInputTokens') ?? 0,
  };
}

/**
 * Replies to a question, within the tokens the caller allows (0: a model that writes no text). A pace with `chunks` gives a
 * text of just that size instead.
 */
export function replyTo(question: string, pace: Pace, clock: () => number, tokensMax = Infinity): Reply {
  if (pace.chunks !== undefined && tokensMax > 0) {
    return syntheticReply(pace.chunks, pace.textBytes ?? 20, pace.stamped ?? false, clock);
  }
  const whole = replyText(question);
  // A cut through a surrogate pair would leave half a character, which no UTF-8 can carry.
  const text = whole.slice(0, tokensMax * CHARACTERS_PER_TOKEN).toWellFormed();
  return {
    characters: text.length,
    stopReason: text.length < whole.length ? 'max_tokens' : 'end_turn',
    pieces: () => text.match(/\S+\s*/g) ?? [],
  };
}

function replyText(question: string): string {
  const asked = question.replaceAll(/\s+/g, ' ').trim().slice(0, QUESTION_CHARACTERS_MAX).toWellFormed();
  return (
    `You asked: "${asked}". An outcrop is where bedrock comes to the surface: the soil is gone, and you can put your hand on ` +
    'what carries everything else. I am a simulated model, so this is all I know about it, and I say the same every time.'
  );
}

function syntheticReply(chunks: number, textBytes: number, stamped: boolean, clock: () => number): Reply {
  return {
    characters: chunks * textBytes,
    stopReason: 'end_turn',
    *pieces() {
      for (let index = 0; index < chunks; index += 1) {
        const mark = stamped ? clock().toFixed(3) : String(index % SYNTHETIC_TEXTS);
        yield `${mark} `.padEnd(textBytes, 'outcrop ').slice(0, textBytes);
      }
    },
  };
}
