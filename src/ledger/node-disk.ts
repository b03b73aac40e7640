import {
  appendFileSync,
  closeSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Disk, DiskFile } from './disk.ts';

const READ_BYTES = 256 * 1024;
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** SQLite's result code for a lock that another process holds: https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

const fdatasyncOf = promisify(fdatasync);

export const nodeDisk: Disk = {
  makeFolder: (folder) => {
    mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  },
  list: (folder) => {
    try {
      return readdirSync(folder).sort();
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  },
  create: (file) => nodeFile(openSync(file, 'wx', FILE_MODE)),
  read: readPieces,
  append: (file, bytes) => appendFileSync(file, bytes, { mode: FILE_MODE }),
  rename: renameSync,
  remove: (file) => rmSync(file, { force: true }),
  removeFolder: (folder) => rmSync(folder, { recursive: true, force: true }),
  syncFolder: (folder) => {
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  },
  lock,
};

function nodeFile(handle: number): DiskFile {
  return {
    write: (bytes, length, position) => writeSync(handle, bytes, 0, length, position),
    truncate: (bytes) => ftruncateSync(handle, bytes),
    sync: () => fdatasyncOf(handle),
    close: () => closeSync(handle),
  };
}

async function* readPieces(file: string): AsyncIterable<Buffer> {
  const handle = await open(file);
  try {
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(READ_BYTES));
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/**
 * Node can't lock files, SQLite can: a transaction that is begun and never ended holds the kernel's lock on the file. A
 * process id in a file would not do, since in two containers both processes may be number 1.
 */
async function lock(file: string): Promise<(() => void) | null> {
  const { DatabaseSync } = await import('node:sqlite');
  closeSync(openSync(file, 'a', FILE_MODE));
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('begin exclusive');
  } catch (error) {
    database.close();
    if (isBusy(error)) return null;
    throw error;
  }
  return () => database.close();
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
