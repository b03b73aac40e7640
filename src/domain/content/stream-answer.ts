import type { JsonObject } from '../usage/json-shapes.ts';
import { JsonText } from './json-text.ts';
import { NO_REDACTION } from './redaction.ts';

/** Puts the events of a stream together to one answer. Total: whatever is not as expected is left out. */
export interface StreamAnswer {
  /** @param chars of the event as it was written. */
  take(type: string, event: JsonObject, chars: number): void;
  /** The answer so far, for JSON: where there is an operation without a stream, as that would have answered. */
  whole(): object;
}

/** Pieces of one text, put together once it is asked for. */
export class Pieces {
  readonly #pieces: string[] = [];

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  add(piece: string): void {
    if (piece !== '') this.#pieces.push(piece);
  }

  /** Undefined, which JSON leaves out, where nothing was said. */
  get text(): string | undefined {
    return this.isEmpty ? undefined : this.#pieces.join('');
  }

  /**
   * What JSON says that came in pieces. Where it broke off, all that is open is closed: as a value, not as a text, because
   * what must not be written down is found by the names of members.
   */
  get json(): unknown {
    return parsed(this.text ?? '') ?? parsed(closed(this.text ?? ''));
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function closed(json: string): string {
  const text = new JsonText(Infinity, NO_REDACTION);
  text.push(Buffer.from(json));
  return text.end();
}
