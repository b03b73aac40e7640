/** How much of a stream may still be kept, in characters. */
export class StreamRoom {
  #chars: number;
  #isFull = false;

  constructor(chars: number) {
    this.#chars = chars;
  }

  /** Whether something had to be left out. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** As much of a text as there is room for. */
  take(text: string): string {
    const taken = text.slice(0, this.#chars);
    if (taken.length < text.length) this.#isFull = true;
    this.#chars -= taken.length;
    return taken;
  }

  /** A value, or null where it does not fit. @param chars it takes when written down */
  takeWhole<Value>(value: Value, chars: number): Value | null {
    if (chars > this.#chars) {
      this.#isFull = true;
      return null;
    }
    this.#chars -= chars;
    return value;
  }
}
