import { constants } from 'node:fs';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { DeliveryFault } from './delivery-fault.ts';

export interface RotatingFileOptions {
  readonly file: string;
  readonly bytesMax: number;
  /** Full ones that are kept. */
  readonly filesMax: number;
}

const FILE_MODE = 0o600;
/** As `a`, but for a pipe that nobody reads: opening it fails, where it would hold a thread for ever. */
const APPENDING = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NONBLOCK;

/** A file of lines. Before it becomes too long it is renamed, and those before it move up; the oldest goes. */
export class RotatingFile {
  readonly #options: RotatingFileOptions;
  #handle: FileHandle | null = null;
  #bytes = 0;

  constructor(options: RotatingFileOptions) {
    this.#options = options;
  }

  /** Adds whole lines or none. @throws DeliveryFault when the disk does not take them */
  async append(lines: readonly string[]): Promise<void> {
    try {
      for (let from = 0; from < lines.length;) {
        const handle = this.#handle ?? (await this.#open());
        const until = this.#fitting(lines, from);
        if (until === from) {
          await this.#rotate();
          continue;
        }
        await this.#write(handle, lines.slice(from, until));
        from = until;
      }
    } catch (error) {
      await this.close();
      throw notWritten(error);
    }
  }

  /** Looks whether the file can be written, and makes it. @throws DeliveryFault */
  async tryOut(): Promise<void> {
    try {
      await (await openToAppend(this.#options.file)).close();
    } catch (error) {
      throw notWritten(error);
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close().catch(() => undefined);
  }

  /** @returns the place of the first line that does not fit any more; a line that fits nowhere has a file of its own */
  #fitting(lines: readonly string[], from: number): number {
    let bytes = this.#bytes;
    for (let index = from; index < lines.length; index += 1) {
      bytes += Buffer.byteLength(lines[index] ?? '') + 1;
      if (bytes > this.#options.bytesMax && !(index === from && this.#bytes === 0)) return index;
    }
    return lines.length;
  }

  async #open(): Promise<FileHandle> {
    const handle = await openToAppend(this.#options.file);
    this.#bytes = (await handle.stat()).size;
    this.#handle = handle;
    return handle;
  }

  async #write(handle: FileHandle, lines: readonly string[]): Promise<void> {
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    try {
      await handle.appendFile(bytes);
    } catch (error) {
      // A part may have been written: the batch is written once more as a whole.
      await handle.truncate(this.#bytes).catch(() => undefined);
      throw error;
    }
    this.#bytes += bytes.length;
  }

  async #rotate(): Promise<void> {
    const { file, filesMax } = this.#options;
    await this.close();
    await rm(`${file}.${filesMax}`, { force: true });
    for (let number = filesMax - 1; number >= 1; number -= 1)
      await renameIfThere(`${file}.${number}`, number + 1, file);
    await rename(file, `${file}.1`);
  }
}

async function openToAppend(file: string): Promise<FileHandle> {
  await makeFolder(path.dirname(file));
  return open(file, APPENDING, FILE_MODE);
}

/** `mkdir` with `recursive` tries for ever where a folder is never there once it is made, as in /proc. */
async function makeFolder(folder: string): Promise<void> {
  const made = await mkdirIfNotThere(folder);
  if (made || path.dirname(folder) === folder) return;
  await makeFolder(path.dirname(folder));
  await mkdir(folder).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error;
  });
}

/** @returns false where the folder that it would be in is not there */
async function mkdirIfNotThere(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  return true;
}

function notWritten(error: unknown): DeliveryFault {
  return new DeliveryFault('again', `the file can not be written (${codeOf(error)})`);
}

async function renameIfThere(from: string, number: number, file: string): Promise<void> {
  await rename(from, `${file}.${number}`).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}
