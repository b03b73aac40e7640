import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import type { OutboxDisk } from './disk.ts';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** SQLite's result code for a lock that another process holds: https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

export const nodeDisk: OutboxDisk = {
  makeFolder: (folder) => {
    mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  },
  list: (folder) => orNone(() => readdirSync(folder).sort(), []),
  size: (file) => orNone(() => statSync(file).size, 0),
  append: (file, bytes) => appendFileSync(file, bytes, { mode: FILE_MODE }),
  write: (file, text) => writeFileSync(file, text, { mode: FILE_MODE }),
  truncate: (file, bytes) => truncateSync(file, bytes),
  read: (file) =>
    readFile(file).catch((error: unknown) => {
      if (codeOf(error, 'code') === 'ENOENT') return Buffer.alloc(0);
      throw error;
    }),
  remove: (file) => rmSync(file, { force: true }),
  removeFolder: (folder) => rmSync(folder, { recursive: true, force: true }),
  lock,
};

function orNone<Value>(work: () => Value, none: Value): Value {
  try {
    return work();
  } catch (error) {
    if (codeOf(error, 'code') === 'ENOENT') return none;
    throw error;
  }
}

/** Node can't lock files, SQLite can: a transaction that is begun and never ended holds the kernel's lock on the file. */
function lock(file: string): (() => void) | null {
  closeSync(openSync(file, 'a', FILE_MODE));
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('begin exclusive');
  } catch (error) {
    database.close();
    if (codeOf(error, 'errcode') === SQLITE_BUSY) return null;
    throw error;
  }
  return () => database.close();
}

function codeOf(error: unknown, name: 'code' | 'errcode'): unknown {
  return error instanceof Error ? Object.entries(error).find(([key]) => key === name)?.[1] : undefined;
}
