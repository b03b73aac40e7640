import { ANYWHERE, type BookContent, type ModelPrices, type PriceEntry } from './book-content.ts';
import { BOOK_FORMAT } from './read-book.ts';

/** The text of a price file: an entry a line, sorted by model, so that people can read what changed. */
export function writeBook({ sources, models }: BookContent): string {
  const sourceLines = Object.entries(sources).map(([name, source]) => `${quoted(name)}: ${JSON.stringify(source)}`);
  const modelTexts = [...models].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, model]) => modelText(id, model));
  return `{
"format": ${BOOK_FORMAT},
"sources": {
${sourceLines.join(',\n')}
},
"models": {
${modelTexts.join(',\n')}
}
}
`;
}

function modelText(id: string, { contextTokens, outputTokensMax, entries }: ModelPrices): string {
  const bounds = [
    ...(contextTokens === null ? [] : [`"contextTokens": ${contextTokens}, `]),
    ...(outputTokensMax === null ? [] : [`"outputTokensMax": ${outputTokensMax}, `]),
  ];
  const lines = entries.map((entry) => `  ${entryText(entry)}`);
  return `${quoted(id)}: {${bounds.join('')}"entries": [\n${lines.join(',\n')}]}`;
}

/** Without what reading fills in. */
function entryText({ scope, place, tier, endpoint, usd, above200k, source, sourceOf }: PriceEntry): string {
  return JSON.stringify({
    ...(scope === 'in-region' ? {} : { scope }),
    ...(place === ANYWHERE ? {} : { place }),
    ...(tier === 'standard' ? {} : { tier }),
    ...(endpoint === 'runtime' ? {} : { endpoint }),
    usd,
    ...(above200k === null ? {} : { above200k }),
    source,
    ...(Object.keys(sourceOf).length === 0 ? {} : { sourceOf }),
  });
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
