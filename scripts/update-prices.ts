/**
 * Writes the price book of the package from the gathered rows and the facts beside them. With `--check` it writes nothing
 * and fails when the committed book is not what they say.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { BookContent, Figures, ModelPrices, PriceEntry } from '../src/domain/pricing/book-content.ts';
import { decimalText, multiplied, parseDecimal } from '../src/domain/pricing/decimal.ts';
import { entryKey, overlayContent } from '../src/domain/pricing/price-book.ts';
import { writeBook } from '../src/domain/pricing/write-book.ts';
import { partitionOf } from '../src/domain/aws/partitions.ts';
import {
  BOUNDS,
  type BoundsFact,
  FACTS,
  OUTPUT_DOCUMENTED,
  SOURCES,
  WITHOUT_LONG_CONTEXT,
  WRITTEN_IN_FULL,
} from './update-prices-facts.ts';
import { entriesOf, readRows, routingOf, type Row } from './update-prices-rows.ts';

const BOOK = new URL('../src/prices/book.generated.json', import.meta.url);

/** A request above 200,000 tokens can only be one to a model that takes a million. */
const LONG_CONTEXT_TOKENS = 1_000_000;
const USUAL_CONTEXT_TOKENS = 200_000;
const GEOGRAPHIC_FACTOR = { digits: 11n, decimals: 1 };

/** The book that rows and facts make. */
export function bookOfRows(rows: readonly Row[]): BookContent {
  const models = new Map<string, ModelPrices>();
  for (const id of new Set(rows.map((row) => routingOf(row).id))) {
    const own = rows.filter((row) => routingOf(row).id === id);
    const entries = withSiblingFigures(withRoutes(mergeAlike(id, own.flatMap(entriesOf))));
    models.set(id, { ...boundsOf(id, own), entries: withoutDoubtful(entries) });
  }
  let content: BookContent = { sources: SOURCES, models };
  for (const { model, usd, scope = 'in-region', place = '*', tier = 'standard', source } of FACTS) {
    const entry: PriceEntry = { scope, place, tier, endpoint: 'runtime', usd, above200k: null, source, sourceOf: {} };
    const fact: ModelPrices = { contextTokens: null, outputTokensMax: null, entries: [entry] };
    content = overlayContent(content, { sources: {}, models: new Map([[model, fact]]) });
  }
  return content;
}

/** Rows that speak of the same: figures of one model by picture size, or the same row twice. */
function mergeAlike(id: string, entries: readonly PriceEntry[]): readonly PriceEntry[] {
  const merged = new Map<string, PriceEntry>();
  for (const entry of entries) {
    const before = merged.get(entryKey(entry));
    const both = Object.keys(before?.usd ?? {}).filter((name) => name in entry.usd);
    const differing = both.filter((name) => before?.usd[name] !== entry.usd[name]);
    if (differing.length > 0) console.log(`${id}: two prices of ${differing.join(', ')}, the later one counts`);
    merged.set(entryKey(entry), { ...entry, usd: { ...before?.usd, ...entry.usd } });
  }
  return [...merged.values()];
}

/**
 * The rows give models that geographic profiles cost a tenth more for under their plain id at the price of global routing.
 * AWS asks the regional price there too, so that is what stands for calls in a region.
 */
function withRoutes(entries: readonly PriceEntry[]): readonly PriceEntry[] {
  const plain = entries.find((entry) => isStandardAt(entry, 'in-region', '*'));
  const geo = entries.find((entry) => entry.scope === 'geo' && entry.place === 'us' && entry.tier === 'standard');
  if (plain === undefined || geo === undefined || !isTenthMore(plain.usd, geo.usd)) return entries;
  const regional: PriceEntry = { ...geo, scope: 'in-region', place: '*', source: 'routing', sourceOf: {} };
  const global: PriceEntry = { ...plain, scope: 'global' };
  const isGlobalKnown = entries.some((entry) => isStandardAt(entry, 'global', '*'));
  return [regional, ...(isGlobalKnown ? [] : [global]), ...entries.filter((entry) => entry !== plain)];
}

/** A geography whose figures are all those of another one, but for one that is missing, has that one as well. */
function withSiblingFigures(entries: readonly PriceEntry[]): readonly PriceEntry[] {
  const geographies = entries.filter(({ scope, tier }) => scope === 'geo' && tier === 'standard');
  return entries.map((entry) => {
    if (entry.scope !== 'geo' || entry.tier !== 'standard') return entry;
    const sibling = geographies.find(
      ({ usd }) =>
        Object.keys(usd).length > Object.keys(entry.usd).length &&
        Object.entries(entry.usd).every(([name, figure]) => usd[name] === figure),
    );
    return sibling === undefined ? entry : { ...entry, usd: sibling.usd };
  });
}

/** Where regions differ, a figure for all others is a guess. */
function withoutDoubtful(entries: readonly PriceEntry[]): readonly PriceEntry[] {
  const regional = entries.filter(
    ({ scope, place, tier }) => scope === 'in-region' && tier === 'standard' && partitionOf(place)?.id === 'aws',
  );
  const differ = new Set(regional.map(({ usd }) => JSON.stringify(usd))).size > 1;
  return differ ? entries.filter((entry) => !isStandardAt(entry, 'in-region', '*')) : entries;
}

function boundsOf(id: string, rows: readonly Row[]): Pick<ModelPrices, 'contextTokens' | 'outputTokensMax'> {
  const fact: Partial<BoundsFact> = BOUNDS.get(id) ?? {};
  const contextTokens = fact.contextTokens === undefined ? contextOf(id, rows) : fact.contextTokens;
  const outputs = rows.flatMap(({ maxOutputTokens = [] }) => maxOutputTokens);
  const given = outputs.length === 0 ? null : atMost(id, Math.max(...outputs));
  const outputTokensMax = given === null || OUTPUT_DOCUMENTED.test(id) ? given : contextTokens;
  return { contextTokens, outputTokensMax: fact.outputTokensMax ?? outputTokensMax };
}

function contextOf(id: string, rows: readonly Row[]): number | null {
  const contexts = rows.flatMap(({ maxInputTokens = [] }) => maxInputTokens);
  if (contexts.length === 0) return null;
  if (WITHOUT_LONG_CONTEXT.has(id)) return USUAL_CONTEXT_TOKENS;
  const isLong = rows.some(({ usd }) => 'inputTokenAbove200k' in usd);
  return atMost(id, Math.max(...contexts, isLong ? LONG_CONTEXT_TOKENS : 0));
}

/** The largest number that a rounded one may stand for. */
function atMost(id: string, tokens: number): number {
  if (WRITTEN_IN_FULL.test(id) || tokens % 1000 !== 0) return tokens;
  return tokens === 1_000_000 ? 1024 * 1024 : (tokens / 1000) * 1024;
}

function isStandardAt(entry: PriceEntry, scope: PriceEntry['scope'], place: string): boolean {
  return entry.scope === scope && entry.place === place && entry.tier === 'standard' && entry.endpoint === 'runtime';
}

function isTenthMore(plain: Figures, geo: Figures): boolean {
  const input = parseDecimal(plain['inputTokens'] ?? '');
  return (
    input !== null && input.digits > 0n && decimalText(multiplied(input, GEOGRAPHIC_FACTOR)) === geo['inputTokens']
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const text = writeBook(bookOfRows(readRows()));
  if (!values.check) writeFileSync(BOOK, text);
  else if (readFileSync(BOOK, 'utf8') !== text) {
    console.error('src/prices/book.generated.json is not what scripts/update-prices.ts writes: run it.');
    process.exitCode = 1;
  }
}
