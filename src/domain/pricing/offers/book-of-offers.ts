import type { BookContent, ModelPrices, PriceEntry, PriceSource } from '../book-content.ts';
import { modelKeyOfId } from '../model-names.ts';
import { entryKey } from '../price-book.ts';
import { keyByName } from '../priced-model.ts';
import { offeredFigure, type LeftOut, type OfferedFigure } from './offered-figure.ts';
import type { OfferFile } from './offer-file.ts';

/** What became of AWS's price lists. */
export interface ReadOffers {
  readonly content: BookContent;
  readonly taken: number;
  readonly leftOut: ReadonlyMap<LeftOut, number>;
  /** Figures the lists give twice with different prices; the higher one was taken. */
  readonly contradictions: readonly string[];
}

const CONTRADICTIONS_MAX = 100;
const BULK_URL = 'https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws';

/** An entry while figures are still being added to it. */
interface Draft extends Omit<PriceEntry, 'usd' | 'above200k'> {
  readonly usd: Map<string, string>;
  readonly above200k: Map<string, string>;
}

/**
 * Makes a price book of AWS's offer files. AWS names most models by words, not by ids: they are found among the known
 * ids, and kept under their name where none is known, so that a model of tomorrow has its price as well.
 */
export function bookOfOffers(files: readonly OfferFile[], knownIds: Iterable<string>): ReadOffers {
  const idsByKey = groupByKey(knownIds);
  const drafts = new Map<string, Map<string, Draft>>();
  const sources: Record<string, PriceSource> = {};
  const leftOut = new Map<LeftOut, number>();
  const contradictions: string[] = [];
  let taken = 0;
  for (const { offerCode, date, prices } of files) {
    sources[offerCode] = {
      what: `AWS price list ${offerCode}`,
      url: `${BULK_URL}/${offerCode}/current/index.json`,
      date,
    };
    for (const price of prices) {
      const figure = offeredFigure(price);
      if (typeof figure === 'string') {
        leftOut.set(figure, (leftOut.get(figure) ?? 0) + 1);
        continue;
      }
      taken += 1;
      for (const id of idsOf(figure.model, idsByKey)) {
        const draft = draftOf(drafts, id, figure, offerCode);
        const figures = figure.above200k ? draft.above200k : draft.usd;
        const before = figures.get(figure.figure);
        if (before !== undefined && before !== figure.usd && contradictions.length < CONTRADICTIONS_MAX) {
          contradictions.push(`${id} ${figure.figure} in ${figure.region}: ${before} and ${figure.usd}`);
        }
        if (before === undefined || Number(figure.usd) > Number(before)) figures.set(figure.figure, figure.usd);
      }
    }
  }
  const models = new Map([...drafts].map(([id, entries]) => [id, modelOf(entries)] as const));
  return { content: { sources, models }, taken, leftOut, contradictions };
}

function groupByKey(ids: Iterable<string>): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const id of ids) {
    const key = modelKeyOfId(id);
    groups.set(key, [...(groups.get(key) ?? []), id]);
  }
  return groups;
}

/** An id in a usage type has no version, so it is looked for by its key too; one that is new stands for itself. */
function idsOf(
  { kind, text }: OfferedFigure['model'],
  idsByKey: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const known = idsByKey.get(kind === 'id' ? modelKeyOfId(text) : text) ?? [];
  if (kind === 'key') return known.length > 0 ? known : [keyByName(text)];
  const company = text.slice(0, text.indexOf('.') + 1);
  const same = known.filter((id) => id.startsWith(company));
  return same.length > 0 ? same : [text];
}

function draftOf(drafts: Map<string, Map<string, Draft>>, id: string, figure: OfferedFigure, source: string): Draft {
  const { scope, region: place, tier, endpoint } = figure;
  const entries = drafts.get(id) ?? new Map<string, Draft>();
  drafts.set(id, entries);
  const key = entryKey({ scope, place, tier, endpoint });
  const draft = entries.get(key) ?? {
    scope,
    place,
    tier,
    endpoint,
    usd: new Map<string, string>(),
    above200k: new Map<string, string>(),
    source,
    sourceOf: {},
  };
  entries.set(key, draft);
  return draft;
}

function modelOf(drafts: ReadonlyMap<string, Draft>): ModelPrices {
  const entries = [...drafts.values()].map(({ usd, above200k, ...entry }): PriceEntry => {
    return {
      ...entry,
      usd: Object.fromEntries(usd),
      above200k: above200k.size === 0 ? null : Object.fromEntries(above200k),
    };
  });
  return { contextTokens: null, outputTokensMax: null, entries };
}
