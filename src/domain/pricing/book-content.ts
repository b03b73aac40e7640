/** Where figures come from. */
export interface PriceSource {
  readonly what: string;
  readonly url: string;
  /** When that said so: `2026-08` or `2026-08-31`. */
  readonly date: string;
}

/** How a request is routed. AWS prices each for itself, always by the region the request is made in. */
export const PRICE_SCOPES = ['in-region', 'geo', 'global'] as const;
export type PriceScope = (typeof PRICE_SCOPES)[number];

export const PRICE_TIERS = [
  'standard',
  'flex',
  'priority',
  'batch',
  'latency-optimized',
  'provisioned-1-month',
  'provisioned-6-month',
] as const;
export type PriceTier = (typeof PRICE_TIERS)[number];

/** AWS lists some models at other prices on its OpenAI-shaped endpoint. */
export const PRICE_ENDPOINTS = ['runtime', 'mantle'] as const;
export type PriceEndpoint = (typeof PRICE_ENDPOINTS)[number];

/** A place that stands for every region of the commercial partition that has no figure of its own. */
export const ANYWHERE = '*';

/** US dollars for one of what the name says, by name of the figure (`inputTokens`, `outputImages/1024x1024/standard`). */
export type Figures = Readonly<Record<string, string>>;

/** What a model costs at one place in one tier. */
export interface PriceEntry {
  readonly scope: PriceScope;
  /** A region, the prefix of a geographic profile (`eu`), or `*`. */
  readonly place: string;
  readonly tier: PriceTier;
  readonly endpoint: PriceEndpoint;
  readonly usd: Figures;
  /** For whole requests that bring more than 200,000 tokens; null where length does not matter. */
  readonly above200k: Figures | null;
  /** A key of `sources`. */
  readonly source: string;
  /** Of the figures that are from elsewhere. */
  readonly sourceOf: Readonly<Record<string, string>>;
}

/** How much fits into a model; null where nobody says. */
export interface ModelBounds {
  readonly contextTokens: number | null;
  readonly outputTokensMax: number | null;
}

export interface ModelPrices extends ModelBounds {
  readonly entries: readonly PriceEntry[];
}

/** All figures there are, as the file has them. */
export interface BookContent {
  readonly sources: Readonly<Record<string, PriceSource>>;
  /** By model id without profile prefix; `*.` before a model's name where AWS lists it by that alone. */
  readonly models: ReadonlyMap<string, ModelPrices>;
}
