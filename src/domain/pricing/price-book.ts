import { createHash } from 'node:crypto';
import type { BookContent, ModelPrices, PriceEntry } from './book-content.ts';
import type { PriceOverride } from './overrides.ts';
import type { UsageUnit } from '../usage/usage.ts';
import { writeBook } from './write-book.ts';

/** What a model costs for one kind of request. */
export interface Rates {
  /** Of one unit, in 10^-24 dollars; null when nobody says. */
  readonly of: (unit: UsageUnit, variant: string | null) => bigint | null;
}

/** Prices as calls are priced by them. */
export interface PriceBook {
  /** Says which figures made a cost: `<date of the newest source>-<hash of every figure and override>`. */
  readonly version: string;
  readonly content: BookContent;
  /** Of the operator, the first that fits counts. */
  readonly overrides: readonly PriceOverride[];
  /** What was looked up before. Names come from clients, so it is emptied when it is full. */
  readonly memo: Map<string, Rates | null>;
}

const HASH_LENGTH = 12;

export function createPriceBook(content: BookContent): PriceBook {
  return bookOf(content, hashOf(writeBook(content)), []);
}

/** The book with an operator's own prices before it: another version of it, made of both. */
export function withOverrides(book: PriceBook, overrides: readonly PriceOverride[]): PriceBook {
  if (overrides.length === 0) return book;
  return bookOf(book.content, hashOf(book.version + JSON.stringify(overrides)), overrides);
}

/**
 * Newer figures on top of older ones: figure by figure, so that what the newer ones do not say stays. Bounds of models
 * are the newer ones' where they have any.
 */
export function overlayContent(older: BookContent, newer: BookContent): BookContent {
  const models = new Map(older.models);
  for (const [id, model] of newer.models) {
    const below = models.get(id);
    models.set(id, below === undefined ? model : overlayModel(below, model));
  }
  return { sources: { ...older.sources, ...newer.sources }, models };
}

function overlayModel(older: ModelPrices, newer: ModelPrices): ModelPrices {
  const entries = new Map(older.entries.map((entry) => [entryKey(entry), entry] as const));
  for (const entry of newer.entries) {
    const below = entries.get(entryKey(entry));
    entries.set(entryKey(entry), below === undefined ? entry : overlayEntry(below, entry));
  }
  return {
    contextTokens: newer.contextTokens ?? older.contextTokens,
    outputTokensMax: newer.outputTokensMax ?? older.outputTokensMax,
    entries: [...entries.values()],
  };
}

function overlayEntry(older: PriceEntry, newer: PriceEntry): PriceEntry {
  const names = [older, newer].flatMap(({ usd, above200k }) => Object.keys({ ...usd, ...above200k }));
  const sourceOf: Record<string, string> = {};
  for (const name of names) {
    const saidBy = name in newer.usd || name in (newer.above200k ?? {}) ? newer : older;
    const source = saidBy.sourceOf[name] ?? saidBy.source;
    if (source !== newer.source) sourceOf[name] = source;
  }
  const above200k = older.above200k === null ? newer.above200k : { ...older.above200k, ...newer.above200k };
  return { ...newer, usd: { ...older.usd, ...newer.usd }, above200k, sourceOf };
}

/** What makes two entries speak of the same. */
export function entryKey({
  scope,
  place,
  tier,
  endpoint,
}: Pick<PriceEntry, 'scope' | 'place' | 'tier' | 'endpoint'>): string {
  return `${scope} ${place} ${tier} ${endpoint}`;
}

function bookOf(content: BookContent, hash: string, overrides: readonly PriceOverride[]): PriceBook {
  const dates = Object.values(content.sources).map(({ date }) => date);
  const newest = dates.reduce((a, b) => (a > b ? a : b), '');
  return { version: `${newest}-${hash}`, content, overrides, memo: new Map() };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH);
}
