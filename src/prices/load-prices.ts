import type { BookContent } from '../domain/pricing/book-content.ts';
import type { PriceOverride } from '../domain/pricing/overrides.ts';
import { createPriceBook, overlayContent, withOverrides, type PriceBook } from '../domain/pricing/price-book.ts';
import { readBook } from '../domain/pricing/read-book.ts';
import type { Log } from '../ports.ts';
import packaged from './book.generated.json' with { type: 'json' };
import { pricesFile, readPricesFile } from './prices-file.ts';

export interface PriceOptions {
  readonly dataDir: string;
  readonly overrides: readonly PriceOverride[];
  readonly log: Pick<Log, 'error'>;
}

/** The prices of the package. */
export function packagedPrices(): BookContent {
  return readBook(packaged);
}

/**
 * The prices calls are priced by: those of the package, on top of them what `outcrop prices update` fetched, and before
 * both the operator's own. A file that can't be used is said loudly and left alone: the gateway serves without it.
 */
export async function loadPrices({ dataDir, overrides, log }: PriceOptions): Promise<PriceBook> {
  const content = packagedPrices();
  const fetched = await readPricesFile(dataDir).catch((cause: unknown) => {
    log.error(
      { file: pricesFile(dataDir), err: cause },
      'the prices that were fetched can not be used, those of the package are: run "outcrop prices update"',
    );
    return null;
  });
  return withOverrides(createPriceBook(fetched === null ? content : overlayContent(content, fetched)), overrides);
}
