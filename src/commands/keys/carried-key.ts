import { addAbortSignal, type Readable } from 'node:stream';
import { CommandError } from '../command-error.ts';

/** Where a command may find a key. Never its arguments: those stand in the process list and in the shell's history. */
export interface KeySources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean };
}

/** Longer than any key, short enough that a wrong file is noticed. */
const KEY_BYTES_MAX = 4096;
/** A pipe that nobody writes to and nobody closes must not hold a command for ever. */
const STDIN_TIMEOUT_MS = 10_000;

/** What fits into a header. */
const FORM = /^[!-~]+$/;

/**
 * The key of the first variable that is set, else what standard input holds.
 * @throws CommandError when there is none, or what is there can't be a key
 */
export async function readKey(names: readonly string[], { env, stdin }: KeySources): Promise<string> {
  const name = names.find((candidate) => (env[candidate] ?? '').trim() !== '');
  const key = (name === undefined ? await readAll(stdin, names) : (env[name] ?? '')).trim();
  const place = name ?? 'standard input';
  if (key === '') throw new CommandError(`There is no key on standard input: ${whereToPut(names)}.`);
  if (!FORM.test(key)) throw new CommandError(`What ${place} holds is not a key: one word of visible ASCII is.`);
  return key;
}

async function readAll(stdin: KeySources['stdin'], names: readonly string[]): Promise<string> {
  if (stdin.isTTY === true) throw new CommandError(`There is no key: ${whereToPut(names)}.`);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of addAbortSignal(AbortSignal.timeout(STDIN_TIMEOUT_MS), stdin)) {
      const part = Buffer.from(chunk);
      bytes += part.length;
      if (bytes > KEY_BYTES_MAX) throw new CommandError('Standard input holds more than a key.');
      chunks.push(part);
    }
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    throw new CommandError(`No key came on standard input within ${STDIN_TIMEOUT_MS / 1000} s: ${whereToPut(names)}.`);
  }
  return Buffer.concat(chunks).toString();
}

function whereToPut(names: readonly string[]): string {
  return `set ${names.join(' or ')}, or write the key to standard input`;
}
