/** How much is remembered: so many answers, to texts of so many characters. Longer ones are worked out each time. */
export interface Remembered {
  readonly textsMax: number;
  readonly textLengthMax: number;
}

/**
 * A pure function of a text that keeps its answers, for texts of which a few are in use and come again and again. Whoever
 * sends many others at will pushes out the oldest answers and gains nothing: they are worked out anew.
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
    const [oldest] = kept.keys();
    if (kept.size >= textsMax && oldest !== undefined) kept.delete(oldest);
    kept.set(text, value);
    return value;
  };
}
