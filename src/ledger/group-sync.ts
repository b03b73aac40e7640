import type { DiskFile } from './disk.ts';

/**
 * Brings what was written to the disk itself, for all who wait at once: while one `fdatasync` is under way, those who
 * come later gather for the next.
 */
export class GroupSync {
  readonly #failed: (error: unknown) => void;
  readonly #written = new Set<DiskFile>();
  readonly #sealed = new Set<DiskFile>();
  #next: Promise<void> | null = null;
  #last: Promise<void> = Promise.resolve();

  /** @param failed told when a sync has failed: what the kernel then still holds of the file, nobody knows. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** @returns resolved when all that has been written to the file so far is safe; rejected when it never will be. */
  synced(file: DiskFile): Promise<void> {
    this.#written.add(file);
    if (this.#next !== null) return this.#next;
    const next = this.#last.then(() => this.#round());
    this.#next = next;
    this.#last = next.catch(this.#failed);
    return next;
  }

  /** Nothing more will be written to the file: it is closed when it is safe. */
  seal(file: DiskFile): void {
    this.#sealed.add(file);
    this.synced(file).catch(() => undefined);
  }

  /** Waits for what is under way. */
  settled(): Promise<void> {
    return this.#last;
  }

  async #round(): Promise<void> {
    this.#next = null;
    const files = [...this.#written];
    this.#written.clear();
    const sealed = files.filter((file) => this.#sealed.delete(file));
    await Promise.all(files.map((file) => file.sync()));
    for (const file of sealed) file.close();
  }
}
