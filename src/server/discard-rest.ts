import type { Readable } from 'node:stream';

/** How much of an unwanted body is still taken in, and how long, so that a client busy sending sees the refusal. */
const LINGER_BYTES_MAX = 4 * 1024 * 1024;
const LINGER_MS_MAX = 2000;

/** Reads what is left of a body to nowhere, and says once when it is over or has taken too much. */
export function discardRest(body: Readable, done: () => void): void {
  let discardedBytes = 0;
  let over = false;
  const finish = (): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    body.removeAllListeners('data');
    done();
  };
  const timer = setTimeout(finish, LINGER_MS_MAX);
  body.once('end', finish);
  body.once('close', finish);
  body.on('error', () => undefined);
  body.on('data', (chunk: Buffer) => {
    discardedBytes += chunk.length;
    if (discardedBytes > LINGER_BYTES_MAX) finish();
  });
  body.resume();
}
