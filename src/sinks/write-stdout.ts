import { DeliveryFault } from './delivery-fault.ts';

/**
 * Writes to standard output. Whoever reads a pipe may be slow: the promise waits for it, and a next batch for the promise.
 * @throws DeliveryFault when nobody reads any more
 */
export function writeToStdout(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(new DeliveryFault('again', `standard output takes nothing (${error.name})`));
    });
  });
}
