import type { Settings } from '../config/settings.ts';
import { ANYWHERE, type BookContent, type Figures, type PriceEntry } from '../domain/pricing/book-content.ts';
import { decimalText, inUnitsOf, parseDecimal } from '../domain/pricing/decimal.ts';
import { bookOfOffers } from '../domain/pricing/offers/book-of-offers.ts';
import type { PriceBook } from '../domain/pricing/price-book.ts';
import { findModel } from '../domain/pricing/priced-model.ts';
import { isTokenUnit, unitOfFigure } from '../domain/pricing/price-units.ts';
import { fetchOffers, FetchPricesError } from '../prices/fetch-offers.ts';
import { loadPrices, packagedPrices } from '../prices/load-prices.ts';
import { pricesFile, savePricesFile } from '../prices/prices-file.ts';
import { CommandError } from './command-error.ts';
import { table } from './table.ts';

interface Told {
  readonly json: boolean;
  readonly say: (text: string) => void;
}

/** AWS publishes a price for one token, people read those for a million. */
const MILLION_DIGITS = 6;

/** Fetches AWS's price lists and keeps them for the gateway. @throws CommandError */
export async function updatePrices(
  from: { readonly url: string; readonly dataDir: string },
  told: Told,
): Promise<void> {
  const files = await fetchOffers(from.url).catch((cause: unknown) => {
    if (cause instanceof FetchPricesError) throw new CommandError(`The prices stay as they are: ${cause.message}`);
    throw cause;
  });
  const { content, taken, leftOut, contradictions } = bookOfOffers(files, packagedPrices().models.keys());
  if (taken === 0)
    throw new CommandError('The prices stay as they are: there is none in the lists that is understood.');
  await savePricesFile(from.dataDir, content);
  const file = pricesFile(from.dataDir);
  const left = [...leftOut].map(([why, count]) => `${why}: ${count}`);
  if (told.json) {
    const sources = Object.entries(content.sources).map(([name, { date }]) => ({ name, date }));
    told.say(JSON.stringify({ file, taken, left_out: Object.fromEntries(leftOut), contradictions, sources }, null, 2));
    return;
  }
  for (const [name, { date }] of Object.entries(content.sources)) told.say(`${name}, published ${date}`);
  told.say(`${taken} prices of ${content.models.size} models taken; left out: ${left.join(', ') || 'none'}.`);
  for (const line of contradictions) told.say(`Listed twice, the higher one counts: ${line}`);
  told.say(`Kept in ${file}. A gateway reads it when it starts.`);
}

/** Shows what a gateway with these settings would price calls by. @throws CommandError */
export async function showPricesInForce(settings: Settings, text: string | undefined, told: Told): Promise<void> {
  const faults: string[] = [];
  const log = { error: (_facts: object, message: string) => void faults.push(message) };
  const book = await loadPrices({ dataDir: settings.dataDir, overrides: settings.prices, log });
  for (const fault of faults) throw new CommandError(`${pricesFile(settings.dataDir)}: ${fault}`);
  showPrices(book, text, told);
}

/**
 * Shows the prices in force: of all models, of those whose id contains a text, or of the one an id, a profile id or an
 * ARN stands for. @throws CommandError
 */
function showPrices(book: PriceBook, text: string | undefined, { json, say }: Told): void {
  const { content, overrides, version } = book;
  const ids = text === undefined ? [...content.models.keys()] : matching(text, content);
  if (ids.length === 0) throw new CommandError(`No model with a price has "${text}" in its id.`);
  const rows = ids
    .sort()
    .flatMap((id) => (content.models.get(id)?.entries ?? []).map((entry) => ({ id, entry }) as const));
  if (json) {
    const prices = rows.map(({ id, entry }) => ({ model: id, ...entry }));
    say(JSON.stringify({ version, overrides, sources: content.sources, prices }, null, 2));
    return;
  }
  say(`Version ${version}. US dollars: tokens for a million, all else for one.`);
  if (overrides.length > 0)
    say(`Prices of your own come before these: ${overrides.map(({ model }) => model).join(', ')}`);
  say(
    table([
      ['MODEL', 'WHERE', 'TIER', 'AS OF', 'PRICES'],
      ...rows.map(({ id, entry }) => [id, where(entry), entry.tier, dateOf(content, entry), pricesOf(entry)]),
    ]),
  );
}

function matching(text: string, content: BookContent): string[] {
  const model = findModel(text, content.models);
  return model === null ? [...content.models.keys()].filter((id) => id.includes(text)) : [model.key];
}

function where({ scope, place, endpoint }: PriceEntry): string {
  const at = place === ANYWHERE ? scope : `${scope} ${place}`;
  return endpoint === 'runtime' ? at : `${at} (${endpoint})`;
}

function dateOf({ sources }: BookContent, { source }: PriceEntry): string {
  return sources[source]?.date ?? '';
}

function pricesOf({ usd, above200k }: PriceEntry): string {
  const long = above200k === null ? '' : `; above 200,000 tokens: ${figuresText(above200k)}`;
  return figuresText(usd) + long;
}

function figuresText(figures: Figures): string {
  return Object.entries(figures)
    .map(([name, figure]) => `${name} ${readable(name, figure)}`)
    .join(', ');
}

function readable(name: string, figure: string): string {
  const unit = unitOfFigure(name);
  const decimal = parseDecimal(figure);
  if (decimal === null || unit === null || !isTokenUnit(unit)) return figure;
  const decimals = Math.max(decimal.decimals, MILLION_DIGITS);
  return decimalText({ digits: inUnitsOf(decimal, decimals), decimals: decimals - MILLION_DIGITS });
}
