import {
  ANYWHERE,
  PRICE_ENDPOINTS,
  PRICE_SCOPES,
  PRICE_TIERS,
  type BookContent,
  type Figures,
  type ModelPrices,
  type PriceEntry,
  type PriceSource,
} from './book-content.ts';
import { parseDecimal } from './decimal.ts';
import { unitOfFigure } from './price-units.ts';

/** The shape of the file. Another one gets another number. */
export const BOOK_FORMAT = 1;

/** A dollar price for one token with every digit AWS publishes for a thousand, and some to spare. */
const FIGURE_DECIMALS_MAX = 16;
const TEXT_LENGTH_MAX = 2048;

const DATE = /^\d{4}-\d{2}(?:-\d{2})?$/;
const PLACE = /^(?:\*|[a-z0-9-]{2,32})$/;

/** A price file that can't be used: where in it, and what is wrong. */
export class PriceBookError extends Error {
  override readonly name = 'PriceBookError';
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads what a price file holds, once parsed as JSON. Strict: what it does not know is a fault. @throws PriceBookError */
export function readBook(value: unknown): BookContent {
  const { format, sources, models } = fieldsOf(value, 'the file', ['format', 'sources', 'models']);
  if (format !== BOOK_FORMAT) throw new PriceBookError(`this version reads format ${BOOK_FORMAT} only`);
  const knownSources = new Map(
    Object.entries(fieldsOf(sources, 'sources')).map(([name, source]) => [name, readSource(source, name)] as const),
  );
  const known = new Map<string, ModelPrices>();
  for (const [id, model] of Object.entries(fieldsOf(models, 'models'))) {
    known.set(id, readModel(model, id, knownSources));
  }
  return { sources: Object.fromEntries(knownSources), models: known };
}

function readSource(value: unknown, name: string): PriceSource {
  const at = `source ${name}`;
  const fields = fieldsOf(value, at, ['what', 'url', 'date']);
  const date = textOf(fields['date'], at);
  if (!DATE.test(date)) throw new PriceBookError(`${at}: ${date} is no date`);
  return { what: textOf(fields['what'], at), url: textOf(fields['url'], at), date };
}

function readModel(value: unknown, id: string, sources: ReadonlyMap<string, PriceSource>): ModelPrices {
  const fields = fieldsOf(value, id, ['contextTokens', 'outputTokensMax', 'entries']);
  const entries: unknown = fields['entries'];
  if (!Array.isArray(entries)) throw new PriceBookError(`${id}: has no entries`);
  return {
    contextTokens: tokensOf(fields['contextTokens'], id),
    outputTokensMax: tokensOf(fields['outputTokensMax'], id),
    entries: entries.map((entry: unknown) => readEntry(entry, id, sources)),
  };
}

function readEntry(value: unknown, id: string, sources: ReadonlyMap<string, PriceSource>): PriceEntry {
  const fields = fieldsOf(value, id, ['scope', 'place', 'tier', 'endpoint', 'usd', 'above200k', 'source', 'sourceOf']);
  const place = textOf(fields['place'] ?? ANYWHERE, id);
  if (!PLACE.test(place)) throw new PriceBookError(`${id}: ${place} is no place`);
  const sourceOf = fieldsOf(fields['sourceOf'] ?? {}, id);
  return {
    scope: oneOf(PRICE_SCOPES, fields['scope'] ?? 'in-region', id),
    place,
    tier: oneOf(PRICE_TIERS, fields['tier'] ?? 'standard', id),
    endpoint: oneOf(PRICE_ENDPOINTS, fields['endpoint'] ?? 'runtime', id),
    usd: figuresOf(fields['usd'], id),
    above200k: fields['above200k'] === undefined ? null : figuresOf(fields['above200k'], id),
    source: sourceName(fields['source'], id, sources),
    sourceOf: Object.fromEntries(
      Object.entries(sourceOf).map(([name, source]) => [name, sourceName(source, id, sources)]),
    ),
  };
}

function figuresOf(value: unknown, at: string): Figures {
  const figures: Record<string, string> = {};
  for (const [name, figure] of Object.entries(fieldsOf(value, at))) {
    if (unitOfFigure(name) === null) throw new PriceBookError(`${at}: ${name} is nothing that is charged for`);
    const text = textOf(figure, at);
    const decimal = parseDecimal(text);
    if (decimal === null || decimal.decimals > FIGURE_DECIMALS_MAX) {
      throw new PriceBookError(`${at}: ${text} is no price of ${name}`);
    }
    figures[name] = text;
  }
  return figures;
}

function sourceName(value: unknown, at: string, sources: ReadonlyMap<string, PriceSource>): string {
  const name = textOf(value, at);
  if (!sources.has(name)) throw new PriceBookError(`${at}: there is no source ${name}`);
  return name;
}

/** @param allowed when given, nothing else may be in it. */
function fieldsOf(value: unknown, at: string, allowed?: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PriceBookError(`${at}: is no map`);
  }
  const fields: Record<string, unknown> = { ...value };
  const unknown = allowed && Object.keys(fields).find((name) => !allowed.includes(name));
  if (unknown !== undefined) throw new PriceBookError(`${at}: ${unknown} is unknown`);
  return fields;
}

function textOf(value: unknown, at: string): string {
  if (typeof value === 'string' && value !== '' && value.length <= TEXT_LENGTH_MAX) return value;
  throw new PriceBookError(`${at}: a text is missing`);
}

function oneOf<T extends string>(known: readonly T[], value: unknown, at: string): T {
  const found = known.find((one) => one === value);
  if (found === undefined) throw new PriceBookError(`${at}: ${String(value)} is none of ${known.join(', ')}`);
  return found;
}

function tokensOf(value: unknown, at: string): number | null {
  if (value === undefined) return null;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw new PriceBookError(`${at}: a number of tokens is not one`);
}
