/** How much is remembered: so many answers, to texts of so many characters. Longer ones are worked out each time. */
export interface Remembered {
  readonly textsMax: number;
  readonly textLengthMax: number;
}

/**
 * A pure function of a text that keeps its answers, for texts of which a few are in use and come again and again. At the
 * bound all are forgotten: those in use are soon back, and a text that never comes twice costs half a microsecond beside
 * its answer.
 */
export function remember<Value>(
  answer: (text: string) => Value,
  { textsMax, textLengthMax }: Remembered,
): (text: string) => Value {
  const kept = new Map<string, Value>();
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) return known;
    const value = answer(text);
    if (text.length > textLengthMax) return value;
    if (kept.size >= textsMax) kept.clear();
    kept.set(text, value);
    return value;
  };
}
