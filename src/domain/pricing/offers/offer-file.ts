/** One price of AWS's list, as it stands there. */
export interface OfferedPrice {
  /** `usagetype`, `model`, `servicename`, `feature`, … */
  readonly attributes: Readonly<Record<string, string>>;
  readonly unit: string;
  readonly description: string;
  /** US dollars for one `unit`. */
  readonly usd: string;
}

/** What a file of the bulk price list says: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file.html */
export interface OfferFile {
  readonly offerCode: string;
  /** The day it was published. */
  readonly date: string;
  readonly prices: readonly OfferedPrice[];
}

type Fields = Readonly<Record<string, unknown>>;

const DATE = /^(\d{4}-\d{2}-\d{2})T/;

/** Reads a parsed offer file. Products that cost nothing on demand, or not in dollars, are not in it. Null for no such file. */
export function readOfferFile(value: unknown): OfferFile | null {
  const file = fieldsOf(value);
  const [, date] = DATE.exec(textOf(file['publicationDate'])) ?? [];
  const offerCode = textOf(file['offerCode']);
  const products = fieldsOf(file['products']);
  const onDemand = fieldsOf(fieldsOf(file['terms'])['OnDemand']);
  if (date === undefined || offerCode === '') return null;
  const prices: OfferedPrice[] = [];
  for (const [sku, product] of Object.entries(products)) {
    const price = firstBand(fieldsOf(onDemand[sku]));
    if (price === null) continue;
    prices.push({ ...price, attributes: textsOf(fieldsOf(product)['attributes']) });
  }
  return { offerCode, date, prices };
}

/** Where a price falls with the volume of the month, the first band: a call does not know which one it is in. */
function firstBand(terms: Fields): Omit<OfferedPrice, 'attributes'> | null {
  for (const term of Object.values(terms)) {
    const dimensions = Object.values(fieldsOf(fieldsOf(term)['priceDimensions'])).map(fieldsOf);
    const first = dimensions.find(({ beginRange }) => beginRange === undefined || beginRange === '0');
    const usd = textOf(fieldsOf(first?.['pricePerUnit'])['USD']);
    if (usd !== '') return { usd, unit: textOf(first?.['unit']), description: textOf(first?.['description']) };
  }
  return null;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fieldsOf(value)).map(([name, text]) => [name, textOf(text)]));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
