import type { Usage, UsageUnit } from '../usage/usage.ts';

/** Tokens as the semantic conventions count them: of input all kinds together, the cache's included. */
export interface TokenUse {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

const INPUT: ReadonlySet<UsageUnit> = new Set<UsageUnit>([
  'inputTokens',
  'inputSpeechTokens',
  'cacheReadTokens',
  'cacheWrite5mTokens',
  'cacheWrite1hTokens',
]);
const OUTPUT: ReadonlySet<UsageUnit> = new Set<UsageUnit>(['outputTokens', 'outputSpeechTokens']);

/** Null where nobody said anything of tokens. */
export function tokenUse({ lines }: Usage): TokenUse | null {
  const use = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  let isSaid = false;
  for (const { unit, quantity } of lines) {
    const isInput = INPUT.has(unit);
    if (isInput) use.input += quantity;
    else if (OUTPUT.has(unit)) use.output += quantity;
    else continue;
    isSaid = true;
    if (unit === 'cacheReadTokens') use.cacheRead += quantity;
    else if (unit === 'cacheWrite5mTokens' || unit === 'cacheWrite1hTokens') use.cacheWrite += quantity;
  }
  return isSaid ? use : null;
}
