/** Price lists of AWS in small: the shape of the bulk files, with usage types, units and words as AWS writes them. */
export interface ListedPrice {
  readonly attributes: Readonly<Record<string, string>>;
  readonly usd: string;
  readonly unit?: string;
  readonly description?: string;
  /** Bands of a price that falls with the volume of the month: dollars by where they begin. */
  readonly bands?: Readonly<Record<string, string>>;
}

export function offerFile(offerCode: string, listed: readonly ListedPrice[]): object {
  const skus = listed.map((price, index) => [`SKU${index}`, price] as const);
  return {
    formatVersion: 'v1.0',
    disclaimer: 'This pricing list is for informational purposes only.',
    offerCode,
    version: '20261120000000',
    publicationDate: '2026-11-20T17:03:11Z',
    products: Object.fromEntries(
      skus.map(([sku, { attributes }]) => [
        sku,
        {
          sku,
          productFamily: 'Amazon Bedrock',
          attributes: { servicecode: offerCode, locationType: 'AWS Region', ...attributes },
        },
      ]),
    ),
    terms: { OnDemand: Object.fromEntries(skus.map(([sku, price]) => [sku, termsOf(sku, price)])) },
  };
}

function termsOf(
  sku: string,
  { usd, unit = '1K tokens', description = '', bands = { '0': usd } }: ListedPrice,
): object {
  const dimensions = Object.entries(bands).map(([beginRange, price], band) => [
    `${sku}.JRTCKXETXF.BAND${band}`,
    {
      rateCode: `${sku}.JRTCKXETXF.BAND${band}`,
      description,
      beginRange,
      endRange: 'Inf',
      unit,
      pricePerUnit: { USD: price },
      appliesTo: [],
    },
  ]);
  return {
    [`${sku}.JRTCKXETXF`]: {
      offerTermCode: 'JRTCKXETXF',
      sku,
      effectiveDate: '2026-11-01T00:00:00Z',
      priceDimensions: Object.fromEntries(dimensions),
      termAttributes: {},
    },
  };
}

/** A price of the list `AmazonBedrock`. */
export function native(usagetype: string, model: string, usd: string, more: Partial<ListedPrice> = {}): ListedPrice {
  const { attributes, ...rest } = more;
  return {
    usd,
    ...rest,
    attributes: {
      regionCode: 'us-east-1',
      usagetype,
      model,
      provider: 'Amazon',
      feature: 'On-demand Inference',
      ...attributes,
    },
  };
}

/** A price of what is sold through AWS Marketplace. */
export function marketplace(
  usagetype: string,
  listing: string,
  usd: string,
  more: Partial<ListedPrice> = {},
): ListedPrice {
  const { attributes, ...rest } = more;
  return {
    usd,
    unit: 'Units',
    description: 'AWS Marketplace software usage|us-east-1|Million Input Tokens',
    ...rest,
    attributes: {
      regionCode: 'us-east-1',
      usagetype,
      servicename: `${listing} (Amazon Bedrock Edition)`,
      ...attributes,
    },
  };
}
