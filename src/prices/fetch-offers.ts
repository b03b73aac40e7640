import { request } from 'undici';
import { readOfferFile, type OfferFile } from '../domain/pricing/offers/offer-file.ts';

/** Models of Amazon and of open weights; global routing of Claude; what is sold through AWS Marketplace. */
const OFFERS = ['AmazonBedrock', 'AmazonBedrockService', 'AmazonBedrockFoundationModels'] as const;

export interface FetchBounds {
  /** Of one file: the longest has some ten megabytes. */
  readonly bytesMax: number;
  /** From asking to the last byte of one file, in milliseconds. */
  readonly timeoutMs: number;
}

const FETCH_BOUNDS: FetchBounds = { bytesMax: 256 * 1024 * 1024, timeoutMs: 180_000 };

/** Prices could not be fetched: one line that says which file and why. */
export class FetchPricesError extends Error {
  override readonly name = 'FetchPricesError';
}

/**
 * Fetches every price list with Bedrock prices in it, all of them or none.
 * @param url where they are; AWS has them at https://pricing.us-east-1.amazonaws.com, for everybody.
 * @throws FetchPricesError
 */
export async function fetchOffers(url: string, bounds: FetchBounds = FETCH_BOUNDS): Promise<readonly OfferFile[]> {
  const files: OfferFile[] = [];
  // One after the other: each is held as a whole while it is read.
  for (const offer of OFFERS)
    files.push(await fetchOffer(`${url}/offers/v1.0/aws/${offer}/current/index.json`, bounds));
  return files;
}

async function fetchOffer(url: string, { bytesMax, timeoutMs }: FetchBounds): Promise<OfferFile> {
  try {
    const { statusCode, body } = await request(url, {
      headers: { 'user-agent': 'outcrop', 'accept-encoding': 'identity' },
      signal: AbortSignal.timeout(timeoutMs),
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    if (statusCode !== 200) {
      // What stands in a refusal is nobody's concern, but its connection has to be done with.
      body.once('error', () => undefined).destroy();
      throw new FetchPricesError(`${url} answered ${statusCode}`);
    }
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of body) {
      if (!(piece instanceof Buffer)) continue;
      size += piece.byteLength;
      if (size > bytesMax) throw new FetchPricesError(`${url} has more than ${bytesMax} bytes`);
      pieces.push(piece);
    }
    const file = readOfferFile(parseJson(Buffer.concat(pieces).toString('utf8')));
    if (file === null) throw new FetchPricesError(`${url} is no price list of AWS`);
    return file;
  } catch (cause) {
    if (cause instanceof FetchPricesError) throw cause;
    throw new FetchPricesError(`${url}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
