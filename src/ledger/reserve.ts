import type { Disk, DiskFile } from './disk.ts';

/** How much is written or given back at a time. */
const STEP_BYTES = 256 * 1024;

/**
 * Space on the disk that nobody else can take: a file of zeros, given back piece by piece when the disk is full, so that
 * the ends of calls which are already running can still be written.
 */
export class Reserve {
  readonly #disk: Disk;
  readonly #name: string;
  readonly #bytesMax: number;
  readonly #zeros: Buffer;
  #file: DiskFile | null = null;
  #bytes = 0;

  constructor(disk: Disk, file: string, bytesMax: number) {
    this.#disk = disk;
    this.#name = file;
    this.#bytesMax = bytesMax;
    this.#zeros = Buffer.alloc(Math.min(STEP_BYTES, Math.max(bytesMax, 1)));
  }

  get isWhole(): boolean {
    return this.#bytes >= this.#bytesMax;
  }

  /** Takes a step more of the disk. @throws what the disk throws; a step that is half there counts as far as it is. */
  grow(): void {
    this.#file ??= this.#disk.create(this.#name);
    const length = Math.min(this.#zeros.length, this.#bytesMax - this.#bytes);
    this.#write(this.#file, length);
  }

  /** Whether the disk has more space than what is held here. Asked by taking a step and giving it back. */
  hasMore(): boolean {
    const before = this.#bytes;
    try {
      this.#file ??= this.#disk.create(this.#name);
      this.#write(this.#file, this.#zeros.length);
      return true;
    } catch {
      return false;
    } finally {
      if (this.#file !== null) this.#shrinkTo(this.#file, before);
    }
  }

  /** Gives back at least so many bytes. @returns false when there is nothing left to give, or the disk does not take it back. */
  release(bytes: number): boolean {
    if (this.#file === null || this.#bytes === 0) return false;
    return this.#shrinkTo(this.#file, Math.max(0, this.#bytes - Math.ceil(bytes / STEP_BYTES) * STEP_BYTES));
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  #write(file: DiskFile, length: number): void {
    for (let left = length; left > 0;) {
      const written = file.write(this.#zeros, left, this.#bytes);
      if (written === 0) throw new Error('The disk takes nothing more.');
      this.#bytes += written;
      left -= written;
    }
  }

  /** @returns false when the disk takes nothing back: then all of it stays in the reserve. */
  #shrinkTo(file: DiskFile, bytes: number): boolean {
    try {
      file.truncate(bytes);
      this.#bytes = bytes;
      return true;
    } catch {
      return false;
    }
  }
}
