/** A unit vector that is a function of the text alone, so that equal texts are near and others are not. */
export function embeddingOf(text: string, dimensions: number): readonly number[] {
  let state = 2166136261;
  for (const character of text) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 16777619);
  const values = Array.from({ length: dimensions }, () => {
    // Marsaglia's xorshift: https://www.jstatsoft.org/article/view/v008i14
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  });
  const length = Math.hypot(...values) || 1;
  return values.map((value) => Number((value / length).toFixed(6)));
}
