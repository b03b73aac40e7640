import { z } from 'zod';
import type { Figures } from '../domain/pricing/book-content.ts';
import { type Decimal, decimalText, dividedByPowerOfTen, parseDecimal } from '../domain/pricing/decimal.ts';
import type { PriceOverride } from '../domain/pricing/overrides.ts';
import { isTokenUnit, unitOfFigure } from '../domain/pricing/price-units.ts';

/** More than AWS publishes, and what prices can be computed with exactly. */
const DECIMALS_MAX = 10;
const PERCENT_DECIMALS_MAX = 4;
const MILLION_DIGITS = 6;

const decimal = (decimalsMax: number) =>
  z.union([z.number(), z.string()]).transform((value, context): Decimal => {
    const parsed = parseDecimal(String(value).trim());
    if (parsed !== null && parsed.decimals <= decimalsMax) return parsed;
    context.addIssue(`must be a number from 0 with at most ${decimalsMax} decimals`);
    return z.NEVER;
  });

const figures = z.record(
  z.string().refine((name) => unitOfFigure(name) !== null, 'is nothing that is charged for'),
  decimal(DECIMALS_MAX),
);
const tokenFigures = figures.refine(
  (known) => Object.keys(known).every((name) => isTokens(name)),
  'must name kinds of tokens only: what is not tokens goes under "each"',
);
const tokens = z.number().int().positive();

/** One entry of `prices` in the configuration file. */
const override = z
  .strictObject({
    model: z.string().min(1),
    region: z.string().min(1).default('*'),
    perMillion: tokenFigures.default({}),
    perMillionAbove200k: tokenFigures.optional(),
    each: figures.default({}),
    discountPercent: decimal(PERCENT_DECIMALS_MAX)
      .refine(({ digits, decimals }) => digits <= 100n * 10n ** BigInt(decimals), 'must not be more than 100')
      .optional(),
    contextTokens: tokens.optional(),
    outputTokensMax: tokens.optional(),
  })
  .refine(
    ({ perMillion, perMillionAbove200k = {}, each, ...rest }) =>
      Object.keys({ ...perMillion, ...perMillionAbove200k, ...each }).length > 0 ||
      [rest.discountPercent, rest.contextTokens, rest.outputTokensMax].some((given) => given !== undefined),
    'says nothing: give perMillion, each, discountPercent, contextTokens or outputTokensMax',
  )
  .transform((given): PriceOverride => {
    const { perMillion, perMillionAbove200k, each } = given;
    return {
      model: given.model,
      region: given.region,
      usd: { ...texts(each, 0), ...texts(perMillion, MILLION_DIGITS) },
      above200k: perMillionAbove200k === undefined ? null : texts(perMillionAbove200k, MILLION_DIGITS),
      discountPercent: given.discountPercent === undefined ? '0' : decimalText(given.discountPercent),
      contextTokens: given.contextTokens ?? null,
      outputTokensMax: given.outputTokensMax ?? null,
    };
  });

/** An operator's own prices: a list, of which the first entry that fits a request counts. */
export const priceOverrides = z.array(override).readonly();

function isTokens(name: string): boolean {
  const unit = unitOfFigure(name);
  return unit !== null && isTokenUnit(unit);
}

function texts(given: Readonly<Record<string, Decimal>>, per: number): Figures {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, decimalText(dividedByPowerOfTen(value, per))]),
  );
}
