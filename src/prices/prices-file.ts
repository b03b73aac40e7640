import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BookContent } from '../domain/pricing/book-content.ts';
import { PriceBookError, readBook } from '../domain/pricing/read-book.ts';
import { writeBook } from '../domain/pricing/write-book.ts';

const FILE = 'prices.json';
/** All figures of AWS for Bedrock are about a megabyte. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;

export function pricesFile(dataDir: string): string {
  return join(dataDir, FILE);
}

/** What `outcrop prices update` kept; null where it never ran. @throws PriceBookError for a file that can't be used */
export async function readPricesFile(dataDir: string): Promise<BookContent | null> {
  const text = await readIfThere(pricesFile(dataDir));
  return text === null ? null : readBook(parseJson(text));
}

/** Keeps prices so that whoever reads the file finds the old ones or the new ones, also when the machine goes down. */
export async function savePricesFile(dataDir: string, content: BookContent): Promise<void> {
  const path = pricesFile(dataDir);
  const draft = `${path}.${process.pid}.new`;
  await mkdir(dirname(path), { recursive: true });
  const file = await open(draft, 'w', 0o644);
  try {
    await file.writeFile(writeBook(content));
    await file.sync();
    await file.close();
    await rename(draft, path);
  } catch (cause) {
    await file.close().catch(() => undefined);
    await rm(draft, { force: true });
    throw cause;
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    const bytes = await readFile(path);
    if (bytes.byteLength > FILE_BYTES_MAX) throw new PriceBookError(`it has more than ${FILE_BYTES_MAX} bytes`);
    return bytes.toString('utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw cause;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new PriceBookError('it is not JSON');
  }
}
