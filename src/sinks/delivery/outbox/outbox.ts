import path from 'node:path';
import type { OutboxDisk } from './disk.ts';
import { type OutboxBatch, OutboxFolder } from './outbox-folder.ts';

const FOLDER_NAME = /^[0-9a-f]{16}$/;
const REJECTED_FILE = 'rejected.ndjson';

/** What receivers will never take is kept for a person to look at, up to so much. */
const REJECTED_BYTES_MAX = 64 * 1024 * 1024;

/** Lines that are to be delivered together. */
export interface WaitingBatch extends OutboxBatch {
  /** Whether another process has left them behind. */
  readonly isInherited: boolean;
}

interface HeldFolder {
  readonly content: OutboxFolder;
  readonly remove: () => void;
  readonly leave: () => void;
}

/**
 * What waits for one sink on the disk. Each process writes to a folder of its own, held by a lock of the kernel, and
 * empties those that dead processes have left behind before its own.
 */
export class Outbox {
  readonly #disk: OutboxDisk;
  readonly #root: string;
  readonly #own: HeldFolder;
  readonly #ownName: string;
  readonly #adopted: HeldFolder[] = [];

  /** @param root where the folders of all processes are @param name 16 hexadecimal digits that nobody had before
   * @throws what the disk throws */
  constructor(disk: OutboxDisk, root: string, name: string) {
    this.#disk = disk;
    this.#root = root;
    this.#ownName = name;
    disk.makeFolder(root);
    const own = this.#claim(name);
    if (own === null) throw new Error(`The outbox ${name} is in use.`);
    this.#own = own;
  }

  get bytes(): number {
    return this.#adopted.reduce((sum, { content }) => sum + content.bytes, this.#own.content.bytes);
  }

  /** Whether there is something that dead processes have left behind. */
  get hasInherited(): boolean {
    return this.#adopted.length > 0;
  }

  /** @returns how many of them can't be kept @throws what the disk throws: none is kept then */
  append(lines: readonly string[]): number {
    return this.#own.content.append(lines);
  }

  /** The oldest lines, those of dead processes first; null when there is none. @throws what the disk throws */
  async next(linesMax: number, bytesMax: number): Promise<WaitingBatch | null> {
    for (;;) {
      const [adopted] = this.#adopted;
      const batch = await (adopted ?? this.#own).content.next(linesMax, bytesMax);
      if (batch !== null) return { ...batch, isInherited: adopted !== undefined };
      if (adopted === undefined) return null;
      this.#adopted.shift();
      adopted.remove();
    }
  }

  /** Takes over what dead processes have left behind. @returns whether there was any @throws what the disk throws */
  adopt(): boolean {
    const names = this.#disk.list(this.#root).filter((found) => FOLDER_NAME.test(found) && found !== this.#ownName);
    let hasAny = false;
    for (const name of names) {
      const folder = this.#claim(name);
      if (folder === null) continue;
      this.#adopted.push(folder);
      hasAny = true;
    }
    return hasAny;
  }

  /** Keeps lines that the receiver refuses; beyond a bound they are only counted. */
  setAside(lines: readonly string[]): void {
    const file = path.join(this.#root, REJECTED_FILE);
    try {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      if (this.#disk.size(file) + bytes.length <= REJECTED_BYTES_MAX) this.#disk.append(file, bytes);
    } catch {
      // The disk takes nothing: they are counted all the same.
    }
  }

  /** What still waits stays for the next process. */
  close(): void {
    for (const folder of this.#adopted) folder.leave();
    if (this.#own.content.bytes === 0) this.#own.remove();
    else this.#own.leave();
  }

  /** The lock comes first and stands beside the folder, so that nobody can take a folder over that is just being made. */
  #claim(name: string): HeldFolder | null {
    const lock = path.join(this.#root, `${name}.lock`);
    const release = this.#disk.lock(lock);
    if (release === null) return null;
    const folder = path.join(this.#root, name);
    this.#disk.makeFolder(folder);
    return {
      content: new OutboxFolder(this.#disk, folder),
      leave: release,
      remove: () => {
        this.#disk.removeFolder(folder);
        release();
        this.#disk.remove(lock);
      },
    };
  }
}
