/** Writes text that comes piece by piece as an indented paragraph, broken between words. */
export class Paragraph {
  readonly #write: (text: string) => void;
  readonly #indent: string;
  readonly #columnsMax: number;
  #column = 0;
  /** Space is written only when a word follows on its line. */
  #space = '';

  /** @param columnsMax width of the paragraph with its indent; a word longer than that stays whole. */
  constructor(write: (text: string) => void, indent: string, columnsMax: number) {
    this.#write = write;
    this.#indent = indent;
    this.#columnsMax = columnsMax;
  }

  add(piece: string): void {
    for (const part of piece.match(/\n|[^\S\n]+|\S+/g) ?? []) {
      if (part === '\n') this.end();
      else if (part.trim() === '') this.#space = part;
      else this.#addWord(part);
    }
  }

  /** Ends the line, if there is one. */
  end(): void {
    if (this.#column > 0) this.#write('\n');
    this.#column = 0;
    this.#space = '';
  }

  #addWord(word: string): void {
    // What follows without a space belongs to the word before it.
    if (this.#space !== '' && this.#column + this.#space.length + word.length > this.#columnsMax) this.end();
    const text = (this.#column === 0 ? this.#indent : this.#space) + word;
    this.#write(text);
    this.#column += text.length;
    this.#space = '';
  }
}
