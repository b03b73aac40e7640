import type { PriceEndpoint, PriceScope, PriceTier } from '../book-content.ts';

/** What AWS's name of a billed quantity (`USE1-NovaPro-input-tokens-flex`) says. */
export interface BilledQuantity {
  /** What stands before the quantity: the model, where the name has it; empty where it does not. */
  readonly model: string;
  /** A figure's name. */
  readonly figure: string;
  readonly scope: PriceScope;
  readonly endpoint: PriceEndpoint;
  /** Every tier it names; none for the standard one. */
  readonly tiers: readonly PriceTier[];
  readonly above200k: boolean;
}

/** The region's short name, and again in names of AWS Marketplace: `USE1-MP:USE1_InputTokenCount-Units`. */
const REGION = /^[A-Z0-9]{2,5}-(MP:[A-Z0-9]{2,5}_)?/;

/** Quantities by how their names read in small letters with hyphens, the more exact ones first. */
const QUANTITIES: readonly (readonly [RegExp, (match: readonly string[]) => string | null])[] = [
  [/(?:^|-)(?:prompt-)?cached?-(?:read-)?(?:input-)?tokens?(?:-count)?(?=-|$)/, () => 'cacheReadTokens'],
  [
    /(?:^|-)(?:prompt-)?cache-writes?-?(5m|30m|1h)?-?(?:input-)?tokens?(?:-count)?(?:-(5m|30m|1h|1-hour))?(?=-|$)/,
    ([, before, behind]) => cacheWrite(before ?? behind),
  ],
  [
    /(?:^|-)(?:million-)?(speech-|text-)?(input|output|response)-tokens?(?:-count)?(?=-|$)/,
    ([, kind, direction]) => `${direction === 'input' ? 'input' : 'output'}${kind === 'speech-' ? 'Speech' : ''}Tokens`,
  ],
  [/(?:^|-)[ti]2i-(\d+)-(standard|premium)(?=-|$)/, ([, side, quality]) => `outputImages/${side}x${side}/${quality}`],
  [/(?:^|-)(?:[ti]2v-)?medfps-(hdres|sdres|standard-?res)(?=-|$)/, ([, lines]) => videoFigure(lines)],
  [/(?:^|-)search-units?(?=-|$)/, () => 'searchQueries'],
  [/(?:^|-)input-video-seconds?(?=-|$)/, () => 'inputVideoSeconds'],
  [/(?:^|-)input-audio-seconds?(?=-|$)/, () => 'inputAudioSeconds'],
  [/(?:^|-)input-(?:standard-image|image-count)(?=-|$)/, () => 'inputImages'],
  [/(?:^|-)input-text-request-count(?=-|$)/, () => 'requests'],
];

/** What may follow a quantity. A word that is not here makes it another one than we know, so it is left out. */
const QUALIFIERS: ReadonlySet<string> = new Set([
  'standard',
  'global',
  'geo',
  'cross',
  'region',
  'long',
  'context',
  'ctx',
  'lctx',
  'units',
  'batch',
  'flex',
  'priority',
  'latency',
  'optimized',
]);

const TIERS: readonly (readonly [word: string, tier: PriceTier])[] = [
  ['flex', 'flex'],
  ['priority', 'priority'],
  ['batch', 'batch'],
  ['latency', 'latency-optimized'],
];

/** Words before the quantity that make it another product: fine-tuned copies, capacity bought ahead, prompt tools. */
const OTHER_PRODUCTS = /custom|provisioned|reserved|optimize-?prompt|batch|flex|priority/;

/**
 * Reads a usage type of AWS's price lists. The grammar allows what it knows and nothing else: null for every name with a
 * word that could mean another price. Shapes seen in 2025 and 2026: hyphens (`-input-tokens-cross-region-global-batch`),
 * model ids (`-zai.glm-5-mantle-cache-read-tokens-standard`) and the two of AWS Marketplace (`_CacheWrite1hInputTokenCount`,
 * `_input_tokens_long_ctx_global_standard`).
 */
export function readUsageType(usageType: string): BilledQuantity | null {
  const [prefix, marketplace] = REGION.exec(usageType) ?? [];
  if (prefix === undefined) return null;
  const text = hyphened(usageType.slice(prefix.length));
  for (const [pattern, figureOf] of QUANTITIES) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const figure = figureOf(match);
    if (figure === null) continue;
    const before = text.slice(0, match.index);
    const qualifiers = text
      .slice(match.index + match[0].length)
      .split('-')
      .filter((word) => word !== '');
    if (qualifiers.some((word) => !QUALIFIERS.has(word)) || OTHER_PRODUCTS.test(before)) return null;
    if (marketplace !== undefined && before !== '') return null;
    return {
      model: before.replace(/-mantle$/, ''),
      figure,
      scope: qualifiers.includes('global') ? 'global' : qualifiers.includes('geo') ? 'geo' : 'in-region',
      endpoint: before.endsWith('-mantle') ? 'mantle' : 'runtime',
      tiers: TIERS.filter(([word]) => qualifiers.includes(word)).map(([, tier]) => tier),
      above200k: qualifiers.includes('long') || qualifiers.includes('lctx'),
    };
  }
  return null;
}

/** `CacheWrite1hInputTokenCount_LCtx` → `cache-write1h-input-token-count-lctx`. */
function hyphened(text: string): string {
  return text
    .replace(/(?<=[a-z])(?=[A-Z])/g, '-')
    .replace(/[_\s]+/g, '-')
    .toLowerCase();
}

/** A lifetime of half an hour is of models this program knows no usage of. */
function cacheWrite(lifetime: string | undefined): string | null {
  if (lifetime === undefined || lifetime === '5m') return 'cacheWrite5mTokens';
  return lifetime === '30m' ? null : 'cacheWrite1hTokens';
}

function videoFigure(lines: string | undefined): string {
  return `outputVideoSeconds/${lines === 'hdres' ? '720p' : '540p'}`;
}
