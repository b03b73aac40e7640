/** The gathered rows (`update-prices-rows.generated.json`, as they were given), and what each of them becomes. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { PriceEntry, PriceScope } from '../src/domain/pricing/book-content.ts';
import { decimalText, dividedByPowerOfTen, multiplied, parseDecimal } from '../src/domain/pricing/decimal.ts';
import { isProfilePrefix } from '../src/domain/policy/profile-regions.ts';
import { LEFT_OUT, LOWERED, NOVA_WITH_CACHE, PRICED_BY_REQUEST, WITHOUT_LONG_CONTEXT } from './update-prices-facts.ts';

const rowSchema = z.strictObject({
  model: z.string(),
  endpoint: z.enum(['runtime', 'mantle']),
  mode: z.string(),
  region: z.string().optional(),
  maxInputTokens: z.number().optional(),
  maxOutputTokens: z.number().optional(),
  commitment: z.enum(['1-month-commitment', '6-month-commitment']).optional(),
  imageSize: z.string().optional(),
  imageSteps: z.string().optional(),
  usd: z.record(z.string(), z.string()),
});

export type Row = z.output<typeof rowSchema>;

export function readRows(): readonly Row[] {
  const text = readFileSync(new URL('update-prices-rows.generated.json', import.meta.url), 'utf8');
  return z.array(rowSchema).parse(JSON.parse(text));
}

/** The figures of a row by the book's names. Pictures and sounds that cost what text does are counted as its tokens. */
const NAMES: ReadonlyMap<string, string | null> = new Map([
  ['inputToken', 'inputTokens'],
  ['outputToken', 'outputTokens'],
  ['cacheReadToken', 'cacheReadTokens'],
  ['cacheWrite5mToken', 'cacheWrite5mTokens'],
  ['cacheWrite1hToken', 'cacheWrite1hTokens'],
  ['outputImage', 'outputImages'],
  ['inputImage', 'inputImages'],
  ['inputVideoSecond', 'inputVideoSeconds'],
  ['inputAudioSecond', 'inputAudioSeconds'],
  ['query', 'searchQueries'],
  ['inputImageToken', null],
  ['inputAudioToken', null],
]);

const ABOVE = 'Above200k';
const SIZE_DEFAULT = '1024x1024';
const NOVA_CACHE_READ = { digits: 25n, decimals: 2 };
const MILLION_DIGITS = 6;

/** The name a row goes by in the lists of what is left out or changed. */
export function rowName({ model, region }: Row): string {
  return region === undefined ? model : `${model} ${region}`;
}

/** The model of a row without profile prefix, and how its requests are routed. */
export function routingOf({ model, region }: Row): { id: string; scope: PriceScope; place: string } {
  const dot = model.indexOf('.');
  const prefix = model.slice(0, dot);
  if (!isProfilePrefix(prefix)) return { id: model, scope: 'in-region', place: region ?? '*' };
  const id = model.slice(dot + 1);
  return prefix === 'global' ? { id, scope: 'global', place: '*' } : { id, scope: 'geo', place: prefix };
}

/** What a row says, as entries of the book; none where it is left out. */
export function entriesOf(row: Row): readonly PriceEntry[] {
  if (LEFT_OUT.has(rowName(row))) return [];
  const { id, scope, place } = routingOf(row);
  const shared = { scope, place, endpoint: row.endpoint, source: 'rows', sourceOf: {} } as const;
  if (row.commitment !== undefined) {
    const tier = row.commitment === '1-month-commitment' ? 'provisioned-1-month' : 'provisioned-6-month';
    return [{ ...shared, tier, usd: { modelUnitSeconds: row.usd['inputSecond'] ?? '' }, above200k: null }];
  }
  const [usd, above]: [Record<string, string>, Record<string, string>] = [{}, {}];
  const batch: Record<string, string> = {};
  for (const [name, figure] of Object.entries(row.usd)) {
    const own = name.startsWith('batch') ? `${name.charAt(5).toLowerCase()}${name.slice(6)}` : name.replace(ABOVE, '');
    const known = NAMES.get(own);
    if (known === undefined) throw new Error(`${row.model}: ${name} is unknown`);
    if (known === null && figure !== row.usd['inputToken'])
      throw new Error(`${row.model}: ${name} is a price of its own`);
    if (known === null) continue;
    const target = name.startsWith('batch') ? batch : name.endsWith(ABOVE) ? above : usd;
    target[known === 'outputImages' ? imageFigure(row) : known] = figure;
  }
  const entry: PriceEntry = {
    ...shared,
    tier: 'standard',
    usd,
    above200k: Object.keys(above).length === 0 || WITHOUT_LONG_CONTEXT.has(id) ? null : above,
  };
  const standard = completed(id, entry);
  return Object.keys(batch).length === 0
    ? [standard]
    : [standard, { ...shared, tier: 'batch', usd: batch, above200k: null }];
}

/** Up to 50 steps are standard quality, more are premium: https://aws.amazon.com/bedrock/pricing/ */
function imageFigure({ imageSize, imageSteps }: Row): string {
  if (imageSteps === undefined) return 'outputImages';
  const quality = imageSteps === '50-steps' ? 'standard' : 'premium';
  return `outputImages/${imageSize?.replaceAll('-', '') ?? SIZE_DEFAULT}/${quality}`;
}

/** With what else is known of the model. */
function completed(id: string, entry: PriceEntry): PriceEntry {
  const lowered = LOWERED.get(id);
  if (lowered !== undefined) {
    const usd = { ...entry.usd, inputTokens: perMillion(lowered.input), outputTokens: perMillion(lowered.output) };
    return { ...entry, usd, source: 'page2025' };
  }
  if (id === PRICED_BY_REQUEST) {
    const { inputTokens = '', outputTokens: _none, ...usd } = entry.usd;
    return { ...entry, usd: { requests: inputTokens, ...usd } };
  }
  const input = parseDecimal(entry.usd['inputTokens'] ?? '');
  if (!NOVA_WITH_CACHE.test(id) || input === null) return entry;
  const cacheReadTokens = decimalText(multiplied(input, NOVA_CACHE_READ));
  const isGiven = entry.usd['cacheReadTokens'] !== undefined;
  if (isGiven && entry.usd['cacheReadTokens'] !== cacheReadTokens) throw new Error(`${id}: its cache costs otherwise`);
  return {
    ...entry,
    usd: { ...entry.usd, cacheReadTokens, cacheWrite5mTokens: '0' },
    sourceOf: { ...(isGiven ? {} : { cacheReadTokens: 'page2026' }), cacheWrite5mTokens: 'list' },
  };
}

function perMillion(text: string): string {
  const value = parseDecimal(text);
  if (value === null) throw new Error(`${text} is no number`);
  return decimalText(dividedByPowerOfTen(value, MILLION_DIGITS));
}
