import { promisify } from 'node:util';
import { gzip as gzipWithCallback } from 'node:zlib';

const gzipped = promisify(gzipWithCallback);

/** Level 6 takes three times as long for a few percent less. */
const LEVEL = 4;

/** Compresses on the thread pool. */
export async function gzip(bytes: string | Uint8Array): Promise<Uint8Array> {
  return gzipped(bytes, { level: LEVEL });
}
