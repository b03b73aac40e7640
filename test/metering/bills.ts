/**
 * What Bedrock charges, worked out apart from the gateway: a few prices by hand from https://aws.amazon.com/bedrock/pricing/
 * and whole numbers. If the gateway's own price book or arithmetic is wrong, the two do not agree.
 */

export type Quantities = Readonly<Record<string, number>>;

/** In pico-dollars for one; so $0.06 for a million tokens is 60,000. */
const PICOS: Readonly<Record<string, Readonly<Record<string, bigint>>>> = {
  'amazon.nova-micro-v1:0': tokens(35_000n, 140_000n, { cacheReadTokens: 8_750n, cacheWrite5mTokens: 0n }),
  'amazon.nova-lite-v1:0': tokens(60_000n, 240_000n, { cacheReadTokens: 15_000n, cacheWrite5mTokens: 0n }),
  'anthropic.claude-3-haiku-20240307-v1:0': tokens(250_000n, 1_250_000n, {
    cacheReadTokens: 25_000n,
    cacheWrite5mTokens: 312_500n,
  }),
  'anthropic.claude-sonnet-4-5-20250929-v1:0': tokens(3_300_000n, 16_500_000n, {
    cacheReadTokens: 330_000n,
    cacheWrite5mTokens: 4_125_000n,
    cacheWrite1hTokens: 6_600_000n,
  }),
  'meta.llama3-3-70b-instruct-v1:0': tokens(720_000n, 720_000n),
  'amazon.titan-text-express-v1': tokens(1_300_000n, 1_700_000n),
  'amazon.titan-embed-text-v2:0': tokens(20_000n, 0n),
  'cohere.embed-multilingual-v3': tokens(100_000n, 0n),
  'cohere.rerank-v3-5:0': { searchQueries: 2_000_000_000n },
  guardrail: {
    topicPolicyUnits: 150_000_000n,
    contentPolicyUnits: 150_000_000n,
    contentPolicyImageUnits: 750_000_000n,
    wordPolicyUnits: 0n,
    sensitiveInformationPolicyUnits: 100_000_000n,
    sensitiveInformationPolicyFreeUnits: 0n,
  },
};

const PICOS_PER_NANO = 1000n;

function tokens(inputTokens: bigint, outputTokens: bigint, more: Readonly<Record<string, bigint>> = {}) {
  return { inputTokens, outputTokens, ...more };
}

/** Nano-dollars, rounded once, half up. @throws Error for what has no price here */
export function billOf(model: string, quantities: Quantities): bigint {
  let picos = 0n;
  for (const [unit, quantity] of Object.entries(quantities)) {
    const rate = PICOS[model]?.[unit];
    if (rate === undefined) throw new Error(`There is no price of ${unit} of ${model} in this test.`);
    picos += rate * BigInt(quantity);
  }
  return (picos + PICOS_PER_NANO / 2n) / PICOS_PER_NANO;
}

/** Without what is zero, as the ledger has it. */
export function present(quantities: Quantities): Quantities {
  return Object.fromEntries(Object.entries(quantities).filter(([, quantity]) => quantity > 0));
}

const NANOS_DIGITS = 9;

/** As the gateway says it in a header: `0.000004250`. */
export function dollarsOf(nanos: bigint): string {
  const digits = String(nanos).padStart(NANOS_DIGITS + 1, '0');
  return `${digits.slice(0, -NANOS_DIGITS)}.${digits.slice(-NANOS_DIGITS)}`;
}
