/** How well a document fits a query: the share of the query's words it has. Between 0 and 1, a function of both alone. */
function relevance(query: string, document: string): number {
  const wanted = wordsOf(query);
  const present = wordsOf(document);
  const found = [...wanted].filter((word) => present.has(word)).length;
  return wanted.size === 0 ? 0 : found / wanted.size;
}

/** The documents' places and scores, best first; equal scores keep the order of the documents. */
export function rank(
  query: string,
  documents: readonly string[],
  countMax: number,
): readonly { readonly index: number; readonly score: number }[] {
  return documents
    .map((document, index) => ({ index, score: relevance(query, document) }))
    .sort((one, other) => other.score - one.score)
    .slice(0, countMax);
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
}
